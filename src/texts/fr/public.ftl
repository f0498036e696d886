### Les pages ouvertes à tous.

public-causes-title = Les causes
public-causes-heading = Un euro de plus, une cause qui avance
public-causes-introduction = Dans les boutiques partenaires, vous pouvez ajouter un euro à votre commande. Il va en entier à l’association nommée, et vous recevez un reçu fiscal.
public-causes-empty = Les causes paraîtront ici dès qu’une association sera inscrite.
# Le texte à côté de la case, jamais cochée d’avance. $association et $cause : leurs noms.
public-checkout = J’ajoute un euro pour { $association } ({ $cause }).

public-login-title = Se connecter
public-login-introduction = Pas de mot de passe : nous vous envoyons un lien.
public-login-email = Adresse e-mail donnée à la boutique
public-login-wrong = Une adresse e-mail ressemble à camille@example.org.
public-login-send = Recevoir un lien
public-login-sent-title = Regardez vos messages
public-login-sent-text = Si cette adresse est connue ici, un lien de connexion vient d’y partir. Il sert une seule fois, pendant quinze minutes.
public-login-sent-demo = Ouvrir le courrier de la démonstration
public-login-open-title = Bienvenue
public-login-open-text = Encore un clic, et vous êtes chez vous.
public-login-open-button = Me connecter
public-login-expired-title = Ce lien ne sert plus
public-login-expired-text = Un lien sert une seule fois, pendant quinze minutes. Demandez-en un autre, il arrive aussitôt.
public-login-expired-link = Demander un lien

public-claim-title = Votre don
public-claim-heading = Mettez ce don à votre nom
public-claim-introduction = Un reçu fiscal porte votre nom et votre adresse complète : la loi le demande.
public-claim-button = Mettre ce don à mon nom
public-claim-wrong-email = L’adresse e-mail doit ressembler à camille@example.org.
public-claim-wrong-identity = Chaque champ est nécessaire pour le reçu.
public-claim-used-title = Ce lien a déjà servi
public-claim-used-text = Un lien ne sert qu’une fois. Le don est au nom de son donateur ; si c’est le vôtre, vous le trouverez sur votre page en vous connectant.
public-claim-expired-title = Ce lien ne fonctionne plus
public-claim-expired-text = Un lien ne fonctionne qu’un temps, et ce temps est passé. Le don va tout de même entier à son association.
public-claim-back-title = Ce don a été remboursé
public-claim-back-text = La boutique l’a rendu : il ne reste rien à mettre à votre nom.
public-claim-early-title = Ce don n’est pas encore arrivé
public-claim-early-text = La boutique ne nous l’a pas encore annoncé, ou vient seulement de le faire. Rouvrez ce lien dans quelques minutes.
public-claim-done-title = Merci, ce don est à votre nom
public-claim-done-text = Nous vous enverrons le reçu fiscal quand l’association aura reçu l’argent.
public-claim-done-link = Suivre cet euro

public-complete-title = Compléter mes reçus
public-complete-text = Pour que personne d’autre ne voie vos données, nous envoyons un lien de connexion à votre adresse e-mail. Il ouvre la page de votre nom et de votre adresse.
public-complete-button = Recevoir mon lien de connexion
public-complete-sent-title = Regardez vos messages
public-complete-sent-text = Un lien de connexion vient de partir à votre adresse e-mail. Il sert une seule fois, pendant quinze minutes.

public-unsubscribe-title = Ne plus recevoir de reçus
public-unsubscribe-text = Vos euros continueront d’arriver aux associations, mais vous n’aurez plus de reçu fiscal.
public-unsubscribe-button = Ne plus recevoir de reçus
public-unsubscribe-done-title = C’est fait
public-unsubscribe-done-text = Vous ne recevrez plus de reçus.
public-unsubscribe-done-link = Changer d’avis
