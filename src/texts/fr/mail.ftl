### Les messages électroniques. Un objet ne porte ni nom, ni cause, ni montant.

mail-hello = Bonjour,
# $name : le prénom.
mail-hello-name = Bonjour { $name },

mail-sign-in-subject = Votre lien de connexion
mail-sign-in-open = Ouvrez ce lien pour vous connecter à Obole. Il sert une seule fois, pendant quinze minutes.
mail-sign-in-unasked = Vous n’avez rien demandé ? Il n’y a rien à faire : sans ce lien, personne ne peut se connecter.

mail-receipts-subject = Vos reçus fiscaux
# $count : combien de reçus.
mail-receipts-enclosed =
    Les euros que vous avez donnés sont arrivés { $count ->
        [one] à l’association. Voici son reçu fiscal :
       *[other] aux associations. Voici leurs reçus fiscaux :
    }
# $number : le numéro du reçu ; $association : son nom ; $amount : le montant.
mail-receipts-line = • { $number } – { $association } – { $amount }
# $count : combien de reçus.
mail-receipts-keep =
    { $count ->
        [one] Gardez-le pour votre déclaration de revenus : vous y reportez son montant.
       *[other] Gardez-les pour votre déclaration de revenus : vous y reportez leur total.
    } C’est une réduction d’impôt, pas un crédit : elle n’apporte rien si vous ne payez pas d’impôt sur le revenu.
mail-receipts-dashboard = Vos euros, vos causes, tous vos reçus :

mail-cancellation-subject = Un de vos reçus fiscaux est annulé
# $number : le numéro du reçu.
mail-cancellation-cancelled = Le reçu fiscal n° { $number } que vous avez reçu de nous est annulé : il ne vaut plus rien.
mail-cancellation-declare = Ne reportez pas son montant dans votre déclaration de revenus. Si vous l’avez déjà déclaré, corrigez votre déclaration sur impots.gouv.fr.
mail-cancellation-another = Si des dons qu’il portait restent acquis à l’association, un autre reçu, avec un autre numéro, vous parviendra par message.

mail-replacement-subject = Un de vos reçus fiscaux est remplacé
# $number : le numéro du reçu qui ne compte plus.
mail-replacement-replaced = Le reçu fiscal n° { $number } est annulé et remplacé par celui qui est joint :
mail-replacement-declare = Seul le nouveau compte pour votre déclaration de revenus : ne reportez pas l’ancien. Si vous l’avez déjà déclaré et que le montant a changé, corrigez votre déclaration sur impots.gouv.fr.
mail-incomplete-subject = Il manque une information pour vos reçus
mail-incomplete-arrived = Les euros que vous avez ajoutés à vos commandes sont arrivés aux associations. Un reçu porte le nom et l’adresse complète de la personne qui donne ; pour le vôtre, voici ce qui manque :
mail-incomplete-name = • votre prénom et votre nom
mail-incomplete-address = • votre adresse postale complète
mail-incomplete-letters = • votre nom et votre adresse en lettres latines : le reçu ne peut pas imprimer toutes celles que nous avons
mail-incomplete-open = Ouvrez cette page pour le compléter. Elle vous enverra d’abord un lien de connexion, à cette même adresse :
mail-incomplete-once = Rien ne presse, et nous ne vous le demanderons qu’une fois : votre reçu attend.

# $month : un mois.
mail-statement-subject = Relevé des dons, { $month }
# $merchant : son nom ; $month : un mois ; $count : combien de dons ; $amount : à virer.
mail-statement-due =
    Voici le relevé de { $merchant } pour { $month } : { $count ->
        [one] { $count } don
       *[other] { $count } dons
    } de vos clients, { $amount } à virer. Le détail, commande par commande, est joint.
# $amount : les euros rendus.
mail-statement-credited = Les euros rendus après un relevé précédent en sont déduits : { $amount }.
# $holder, $iban et $bic : le compte à créditer ; $amount : le montant ; $reference : la référence.
mail-statement-transfer =
    Virement à faire :
    Titulaire : { $holder }
    IBAN : { $iban }
    BIC : { $bic }
    Montant : { $amount }
    Référence à reporter telle quelle : { $reference }
mail-statement-accountant = Pour votre comptable : ces euros sont à vos clients et vont en entier aux associations. À l’encaissement, débit 512, crédit 467 ; au virement, débit 467, crédit 512. Ce n’est pas du chiffre d’affaires, il n’y a pas de TVA, et la boutique n’en déduit rien.
mail-statement-thanks = Merci pour eux.

mail-report-subject = Votre reversement est arrivé
# $association : son nom ; $amount : le montant ; $day : un jour ; $count : combien de dons ; $reference : la référence du virement.
mail-report-arrived =
    { $association } a reçu { $amount } le { $day } par virement : { $count ->
        [one] { $count } don, entier, sans aucuns frais.
       *[other] { $count } dons, entiers, sans aucuns frais.
    } La référence du virement est { $reference }.
mail-report-detail = Le détail joint donne chaque don : jour, boutique, commande, cause, montant. Il ne nomme aucun donateur ; les reçus fiscaux partent en votre nom, selon votre mandat.
# $amount : le montant.
mail-report-entry = Écriture à passer : débit 512 Banque { $amount }, crédit 754 Collectes et dons { $amount }.

mail-choice-subject = Choisissez où vont vos prochains euros
# $association : son nom.
mail-choice-suspended = L’association { $association } est suspendue : Obole ne lui verse plus rien pour le moment.
mail-choice-held = Ce que vous avez donné pour elle et qui n’est pas encore parti est gardé, en entier.
mail-choice-open = Vous pouvez choisir une autre cause pour vos prochains euros :
mail-choice-once = Nous ne vous le demandons qu’une fois.
