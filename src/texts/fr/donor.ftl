### L’espace du donateur.

donor-navigation = Mon espace
donor-tab-home = Mes euros
donor-tab-causes = Mes causes
donor-tab-profile = Mon profil
donor-sign-out = Se déconnecter

donor-none-title = Aucun euro ici pour le moment
donor-none-text = Vous êtes connecté, mais aucun don ne porte encore cette adresse. Vos euros paraîtront ici dès la première commande où vous en ajoutez un.
donor-none-link = Voir les causes

donor-home-title = Mes euros
# $name : le prénom.
donor-home-hello = Bonjour { $name }
donor-home-incomplete = Pour établir vos reçus fiscaux, il nous manque votre nom ou votre adresse.
donor-home-complete = Compléter mon profil
donor-home-given = Donné
donor-home-arrived = Arrivé aux associations
donor-home-donations = Dons
donor-home-receipts = Mes reçus fiscaux
donor-home-receipts-empty = Vos reçus paraîtront ici quand les associations auront reçu vos euros. Ils restent disponibles six ans.
donor-home-receipt = Reçu
donor-home-amount = Montant
donor-home-association = Association
donor-home-issued-on = Établi le
# $numbers : les numéros des reçus qui le remplacent.
donor-home-receipt-replaced = annulé et remplacé par { $numbers }
# $numbers : les numéros des reçus qu’il remplace.
donor-home-receipt-replaces = annule et remplace { $numbers }
donor-home-receipt-correction = valable, sera remplacé : vous avez corrigé votre nom ou votre adresse
donor-home-receipt-cancelled = annulé : ne le déclarez pas
donor-home-receipt-in-question = en cours de vérification : ne le déclarez pas pour le moment
# $count : combien de reçus.
donor-home-correction =
    Vous avez corrigé votre nom ou votre adresse. { $count ->
        [one] Un reçu déjà établi porte encore les anciens : nous le remplacerons par un autre, que vous recevrez par message. Il reste valable jusque-là.
       *[other] { $count } reçus déjà établis portent encore les anciens : nous les remplacerons par d’autres, que vous recevrez par message. Ils restent valables jusque-là.
    }
# $year : une année ; $box : une case de la déclaration ; $rate : son taux ; $amount : le total des reçus valables.
donor-home-tax-year = Dons de { $year } : reportez { $amount } dans la case { $box } (réduction de { $rate } %) de votre déclaration de revenus.
# $year : une année ; $box : une case de la déclaration ; $amount : le total des reçus en cours de vérification.
donor-home-tax-in-question = Dons de { $year }, case { $box } : { $amount } en cours de vérification. Ne les reportez pas tant que ce n’est pas décidé ; cette page dira ce qu’il en est.
donor-home-tax = Ces montants ne comptent que vos reçus valables. C’est une réduction d’impôt : elle n’apporte rien si vous ne payez pas d’impôt.
donor-home-donations-title = Où sont mes euros
donor-home-donations-empty = Vos euros paraîtront ici quelques secondes après chaque commande.
# $association et $merchant : leurs noms.
donor-home-donation = { $association } · chez { $merchant }
# $day : un jour.
# $amount : ce qui a été rendu du don. $day : un jour.
donor-home-refunded-part = { $amount } rendus par la boutique le { $day }
donor-home-refunded = Rendu par la boutique le { $day }
donor-home-recorded = Ajouté à la commande
donor-home-collected = Versé par la boutique
donor-home-paid-out = Arrivé à l’association
donor-home-receipted = Reçu fiscal
donor-home-to-come = à venir
donor-home-newer = Plus récents
donor-home-older = Plus anciens

donor-causes-title = Mes causes
donor-causes-introduction = Quand la commande ne nomme pas de cause, votre euro va à l’une des vôtres, chacune à son tour selon ses parts. Un euro n’est jamais coupé.
donor-causes-chosen = Deux parts reçoivent deux fois plus d’euros qu’une.
donor-causes-unchosen = Vous n’avez pas encore choisi : vos euros vont à la cause de la boutique.
# $count : combien de parts.
donor-causes-weight =
    { $count ->
        [0] Aucun euro
        [one] { $count } part
       *[other] { $count } parts
    }
donor-causes-save = Enregistrer mes causes

donor-profile-title = Mon profil
donor-profile-introduction = Un reçu fiscal porte votre nom et votre adresse complète : la loi le demande. Ils ne nous servent à rien d’autre.
donor-profile-receipted = Vous avez déjà des reçus. Si vous corrigez ici votre nom ou votre adresse, nous remplacerons ceux qui portent les anciens : vous recevrez par message un reçu qui annule et remplace chacun, et cela ne change aucun montant.
donor-profile-wrong = Rien n’a été enregistré : chaque champ est nécessaire, sauf le complément.
donor-profile-receipts = Mes reçus fiscaux
donor-profile-receipts-monthly = Chaque mois, dès que les associations ont reçu mes euros
donor-profile-receipts-annual = Une fois par an
donor-profile-receipts-none = Pas de reçu
donor-profile-language = Langue des messages
donor-profile-save = Enregistrer
