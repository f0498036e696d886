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
# $number : le numéro du reçu ; $association : son nom ; $amount : le montant ; $year : l’année des dons ; $box : la case de la déclaration.
mail-receipts-line = • { $number } – { $association } – { $amount } (dons de { $year }, case { $box })
# $count : combien de reçus.
mail-receipts-keep =
    { $count ->
        [one] Gardez-le pour votre déclaration de revenus. Vous y reportez son montant :
       *[other] Gardez-les pour votre déclaration de revenus. Vous y reportez leurs montants, case par case :
    }
# $year : l’année des dons ; $box : la case de la déclaration ; $rate : le taux de la réduction ; $amount : la somme des reçus.
mail-receipts-sum = • revenus de { $year }, case { $box } (réduction de { $rate } %) : { $amount }
mail-receipts-reduction = C’est une réduction d’impôt, pas un crédit : elle n’apporte rien si vous ne payez pas d’impôt sur le revenu.
mail-receipts-dashboard = Vos euros, vos causes, tous vos reçus :

# Le reçu en remplace d’autres. $numbers : leurs numéros ; $count : combien.
mail-receipts-line-replaces =
    { $count ->
        [one] annule et remplace le reçu n° { $numbers }
       *[other] annule et remplace les reçus n° { $numbers }
    }

# Pourquoi un reçu est annulé ou remplacé.
mail-ended-refund = Pourquoi : la boutique vous a rendu tout ou partie d’un don qu’il portait.
mail-ended-payment-returned = Pourquoi : un paiement est revenu. L’association n’a pas, ou pas à la date indiquée, reçu l’argent que ce reçu atteste.
mail-ended-correction = Pourquoi : vous avez demandé la correction de votre nom ou de votre adresse.
mail-ended-mistake = Pourquoi : nous nous sommes trompés en l’établissant. Nous vous prions de nous en excuser.
mail-ended-declared = Si vous avez déjà déclaré l’ancien montant, corrigez votre déclaration : dans votre espace sur impots.gouv.fr tant que la correction en ligne est ouverte, ensuite par une réclamation dans la messagerie de cet espace.

mail-cancellation-subject = Un de vos reçus fiscaux est annulé
# $number : le numéro du reçu ; $amount : ce qu’il disait.
mail-cancellation-cancelled = Le reçu fiscal n° { $number }, de { $amount }, est annulé : il ne vaut plus rien.
mail-cancellation-declare = Ne reportez pas son montant dans votre déclaration de revenus.
# $amount : ce qui reste des dons.
mail-cancellation-another = Des dons qu’il portait, { $amount } n’ont pas été rendus. Un autre reçu, qui annule et remplace celui-ci, vous parviendra par message dès qu’il pourra être établi.
mail-cancellation-wait = Si vous l’avez déjà déclaré, attendez l’autre reçu : s’il dit le même montant pour la même année, votre déclaration est juste ; sinon, corrigez-la dans votre espace sur impots.gouv.fr.
mail-cancellation-not-wanted = Des dons qu’il portait, { $amount } n’ont pas été rendus. Vous avez choisi de ne pas avoir de reçu : aucun autre ne suivra, sauf si vous changez ce choix sur votre page.
mail-cancellation-unreceipted = Des dons qu’il portait, { $amount } n’ont pas été rendus, mais ne donnent pas droit à un reçu.
mail-cancellation-nothing = Tous les dons qu’il portait ont été rendus : il n’en reste rien à déclarer, et aucun autre reçu ne suivra.

mail-replacement-subject = Un de vos reçus fiscaux est remplacé
# $number : le numéro du reçu qui ne compte plus.
mail-replacement-replaced = Le reçu fiscal n° { $number } est annulé et remplacé par celui qui est joint. Seul le nouveau compte :
# $new : le montant des deux reçus.
mail-replacement-same-amount = Le montant reste de { $new } : si vous l’avez déjà déclaré, votre déclaration est juste.
# $old et $new : le montant de l’ancien reçu, celui du nouveau.
mail-replacement-other-amount = L’ancien disait { $old }, le nouveau dit { $new } : c’est ce montant que vous déclarez.

mail-declined-subject = Un de vos reçus fiscaux reste tel qu’il est
# $number : le numéro du reçu.
mail-declined-stays = Vous avez corrigé votre nom ou votre adresse. Le reçu fiscal n° { $number } n’est pas remplacé : il reste valable, avec ce qu’il porte.
# $why : la raison, dans les mots de qui a décidé.
mail-declined-why = Pourquoi : { $why }
mail-declined-next = Vos prochains reçus porteront le nom et l’adresse que vous avez donnés. Vous n’êtes pas d’accord ? Répondez à ce message.

mail-incomplete-subject = Il manque une information pour vos reçus
mail-incomplete-arrived = Les euros que vous avez ajoutés à vos commandes sont arrivés aux associations. Un reçu porte le nom et l’adresse complète de la personne qui donne ; pour le vôtre, voici ce qui manque :
mail-incomplete-name = • votre prénom et votre nom
mail-incomplete-address = • votre adresse postale complète
mail-incomplete-letters = • votre nom et votre adresse en lettres latines : le reçu ne peut pas imprimer toutes celles que nous avons
mail-incomplete-open = Ouvrez cette page pour le compléter. Elle vous enverra d’abord un lien de connexion, à cette même adresse :
mail-incomplete-once = Rien ne presse, et nous ne vous le demanderons qu’une fois : votre reçu attend.

# $month : un mois.
mail-statement-subject = Relevé des dons, { $month }
# $merchant : son nom ; $month : un mois ; $count : combien de dons ; $amount : leur somme.
mail-statement-due =
    Voici le relevé de { $merchant } pour { $month } : { $count ->
        [one] { $count } don
       *[other] { $count } dons
    } de vos clients, { $amount }. Le détail, commande par commande, est joint.
# Les lignes du relevé. $amount : un montant, négatif pour ce qui est déduit.
mail-statement-donated = Dons de vos clients : { $amount }
mail-statement-refunded = Rendu de ces dons : { $amount }
mail-statement-refunded-earlier = Rendu de dons de relevés précédents : { $amount }
mail-statement-refunded-late = Rendu de dons déjà versés à l’association, désormais déduit : { $amount }
# $day : le jour où la banque a repris le paiement ; $reference : sa référence ; $amount : son montant.
mail-statement-returned = Paiement repris par la banque le { $day } (référence { $reference }) : { $amount }
mail-statement-apart = Paiement repris, demandé à part : { $amount }
mail-statement-credit-before = Crédit laissé par le relevé précédent : { $amount }
mail-statement-other-credit = Autre crédit de votre compte : { $amount }
mail-statement-taken-elsewhere = Déjà déduit d’un paiement refusé ou repris : { $amount }
mail-statement-credit-left = Crédit laissé au relevé suivant : { $amount }
mail-statement-to-pay = À virer : { $amount }
mail-statement-nothing = Il n’y a rien à virer pour ce relevé.
# $amount : le crédit.
mail-statement-carries-on = Il vous reste un crédit de { $amount } : le relevé suivant le déduira.
# $holder, $iban et $bic : le compte à créditer ; $amount : le montant ; $reference : la référence.
mail-statement-transfer =
    Virement à faire :
    Titulaire : { $holder }
    IBAN : { $iban }
    BIC : { $bic }
    Montant : { $amount }
    Référence à reporter telle quelle : { $reference }
# $amount : ce qui était demandé ; $month : son mois ; $reference : sa référence.
mail-statement-failed = Le paiement de { $amount } pour { $month } (référence { $reference }) a été refusé. Ce qui en reste dû se règle à part et n’est pas compris dans ce relevé.
# $amount : ce qui était demandé ; $month : son mois ; $reference : sa référence ; $day : le jour où il a été repris.
mail-statement-failed-returned = Le paiement de { $amount } pour { $month } (référence { $reference }) a été repris par la banque le { $day }. Ce qui en reste dû se règle à part et n’est pas compris dans ce relevé.
# $amount : les euros rendus.
mail-statement-late = Vous aviez rendu { $amount } de dons que l’association avait déjà reçus. Il est maintenant décidé qui supporte cette somme : ce relevé la déduit, quel que soit le jour où vous l’avez rendue, que le détail indique.
# $amount : les euros rendus.
mail-statement-waiting = Vous avez aussi rendu { $amount } de dons que l’association avait déjà reçus. Ce crédit attend une décision : il n’est pas encore déduit.
mail-statement-accountant = Pour votre comptable : ces euros sont à vos clients et vont aux associations, sans frais. Ce n’est pas du chiffre d’affaires, il n’y a pas de TVA, et la boutique n’en déduit rien. Écritures à passer :
# $amount : le montant.
mail-statement-entry-donations = Dons encaissés : débit 512 Banque { $amount }, crédit 467 Obole { $amount }
mail-statement-entry-refunds = Dons rendus aux clients : débit 467 Obole { $amount }, crédit 512 Banque { $amount }
mail-statement-entry-late = Dons rendus après leur versement à l’association, à passer au mois de ce relevé : débit 467 Obole { $amount }, crédit 512 Banque { $amount }
# $day : le jour où la banque a repris le paiement ; $reference : sa référence ; $amount : son montant.
mail-statement-entry-returned = Paiement repris le { $day } (référence { $reference }) : débit 512 Banque { $amount }, crédit 467 Obole { $amount }
# $amount : le montant.
mail-statement-entry-payment = Virement à Obole : débit 467 Obole { $amount }, crédit 512 Banque { $amount }
mail-statement-thanks = Merci pour eux.

mail-payment-returned-subject = Votre paiement des dons a été repris par la banque
# $merchant : son nom ; $amount : le montant ; $month : son mois ; $reference : sa référence ; $day : un jour.
mail-payment-returned = Le { $day }, la banque a repris le paiement de { $merchant } pour { $month } : { $amount }, référence { $reference }. Cette somme est de nouveau due.
# $reason : le motif, code et mots.
mail-payment-reason = Motif donné par la banque : { $reason }.
mail-payment-returned-next = Il n’y a rien à virer pour le moment : un message vous dira comment régler ce qui reste dû. L’écriture à passer pour ce retour est dans votre prochain relevé.
mail-payment-again-subject = Un paiement des dons vous est redemandé
# $merchant : son nom ; $month : le mois ; $amount : ce qui est demandé.
mail-payment-again = Le paiement de { $merchant } pour { $month } a été refusé ou repris par une banque. Nous vous le redemandons, pour ce qui en reste dû : { $amount }. Il se règle à part des relevés suivants, qui ne le comprennent pas.
# $amount : ce qui est demandé.
mail-payment-again-entry = Écriture à passer pour ce virement : débit 467 Obole { $amount }, crédit 512 Banque { $amount }. Celle du premier paiement ne reste que s’il avait quitté votre compte, et avec celle de son retour.

mail-report-subject = Votre reversement est arrivé
# $association : son nom ; $amount : le montant ; $day : un jour ; $reference : la référence du virement.
mail-report-arrived = { $association } a reçu { $amount } le { $day } par virement, sans aucuns frais. La référence du virement est { $reference }.
# $count : combien de dons ; $amount : leur somme.
mail-report-donated =
    { $count ->
        [one] { $count } don
       *[other] { $count } dons
    } : { $amount }
# $amount : un montant, négatif pour ce qui est déduit.
mail-report-refunded = Rendu de ces dons avant le virement : { $amount }
mail-report-deducted = Retenu pour d’autres dons rendus : { $amount }
mail-report-paid = Versé : { $amount }
mail-report-detail = Le détail joint donne chaque don et chaque remboursement : jour, boutique, commande, cause, montant. Il ne nomme aucun donateur ; les reçus fiscaux partent en votre nom, selon votre mandat.
mail-report-account = Votre compte, depuis le rapport précédent :
# $amount : un montant, négatif pour ce qui part.
mail-report-account-opening = Dû au début : { $amount }
mail-report-account-arrived = Dons arrivés des boutiques : { $amount }
mail-report-account-refunded = Rendu par les boutiques avant de vous être versé : { $amount }
mail-report-account-claimed = Rendu par les boutiques après vous avoir été versé, retenu avec votre accord : { $amount }
mail-report-account-withdrawn = Repris par la banque d’une boutique avant de vous être versé : { $amount }
mail-report-account-returned = Virement revenu : { $amount }
mail-report-account-paid = Virement arrivé : { $amount }
mail-report-account-closing = Dû à la fin : { $amount }
mail-report-owing = Vous devez cette somme : elle sera retenue sur les prochains dons qui arrivent.
# $amount : les euros rendus.
mail-report-undecided = Des boutiques ont rendu { $amount } de dons que vous avez déjà reçus. Rien n’en est retenu sans votre accord :
# $order : le numéro de la commande ; $merchant : la boutique ; $day : le jour du remboursement ; $amount : ce qui est demandé.
mail-report-claim = • commande { $order }, { $merchant }, rendue le { $day } : { $amount }
# $count : combien d’autres.
mail-report-claims-more = { $count ->
    [one] • et { $count } autre
   *[other] • et { $count } autres
}
mail-report-agree = Pour donner votre accord, répondez à ce message en citant les commandes : la somme est alors retenue sur les prochains dons qui vous sont dus.
# $amount : le montant.
mail-report-entry = Écriture à passer : débit 512 Banque { $amount }, crédit 754 Collectes et dons { $amount }.

mail-account-subject = Le compte bancaire d’une association
# $association: the association; $iban: the new account; $previous: the one before; $day: the day.
mail-account-asked =
    Le { $day }, il a été demandé de verser les dons destinés à { $association } sur le compte { $iban }, au lieu de { $previous }.
    Une deuxième personne de notre équipe doit le confirmer. D’ici là, aucun versement ne part.
# $association: the association; $iban: the new account; $previous: the one before; $day: the day.
mail-account-confirmed =
    Le { $day }, il a été confirmé que les dons destinés à { $association } seront versés sur le compte { $iban }, au lieu de { $previous }.
    Aucun versement ne part pendant trois jours.
# $association: the association; $iban: the new account; $previous: the one before; $day: the day.
mail-account-refused = Le { $day }, le changement demandé pour { $association } a été refusé : les dons restent versés sur le compte { $previous }, et non sur { $iban }.
mail-account-wrong = Vous ne reconnaissez pas ce changement ? Répondez tout de suite à ce message.
mail-choice-subject = Choisissez où vont vos prochains euros
# $association : son nom.
mail-choice-suspended = L’association { $association } est suspendue : Obole ne lui verse plus rien pour le moment.
mail-choice-held = Ce que vous avez donné pour elle et qui n’est pas encore parti est gardé, en entier.
mail-choice-open = Vous pouvez choisir une autre cause pour vos prochains euros :
mail-choice-once = Nous ne vous le demandons qu’une fois.
# $amount : le montant ; $deducted : ce qui en est retenu ; $donations : les dons avant la retenue.
mail-report-entry-deducted = Ce montant est net de { $deducted } de dons rendus. S’ils étaient comptés dans un exercice déjà clos, passez plutôt : débit 512 Banque { $amount }, débit 658 Charges diverses de gestion courante { $deducted }, crédit 754 Collectes et dons { $donations }.

mail-returned-subject = Un de vos reversements est revenu
# $association : son nom ; $amount : le montant ; $day et $back : des jours ; $reference : la référence.
mail-returned-came-back = Le virement de { $amount } à { $association }, annoncé pour le { $day } sous la référence { $reference }, est revenu le { $back }. Cet argent n’est pas chez vous.
# $reason : le motif, code et mots.
mail-returned-reason = Motif donné par votre banque : { $reason }.
mail-returned-waits = Ce qui vous en est dû n’est pas perdu : il est sur le compte de cantonnement, et un autre virement l’apportera, avec son propre rapport. Si votre compte est clos ou a changé, répondez à ce message avec votre nouvel IBAN et le nom exact de son titulaire : rien ne repart avant que nous ayons vérifié ce compte.
# $amount : le montant.
mail-returned-entry = Si vous avez passé l’écriture de ce virement, annulez-la : débit 754 Collectes et dons { $amount }, crédit 512 Banque { $amount }.

mail-alert-subject = Des cas attendent une décision
mail-alert-opened = De nouveaux cas attendent une personne de l’équipe :
# $count: how many more.
mail-alert-more = { $count ->
    [one] Et { $count } autre.
   *[other] Et { $count } autres.
}
mail-alert-list = « obole cases --open » les montre tous.
