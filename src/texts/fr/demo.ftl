### La démonstration : une boutique, une banque, une boîte aux lettres.

demo-shop-footer = Une boutique imaginée pour la démonstration : rien n’est vendu.
demo-shop-title = Votre commande
demo-shop-book = Le livre
# $title : un titre ; $amount : un prix.
demo-shop-book-price = { $title }, { $amount }
demo-shop-delivery = Livraison
demo-shop-wrong = Il nous faut un livre, une adresse e-mail et une adresse complète.
# $amount : un euro.
demo-shop-add = J’ajoute { $amount } à ma commande pour :
demo-shop-cause = L’association et sa cause
demo-shop-own-causes = Les causes que j’ai choisies chez Obole
demo-shop-explanation = L’association reçoit l’euro en entier, et vous un reçu fiscal à son nom. La boutique n’en déduit rien.
demo-shop-anonymous = Donner sans transmettre mon nom (un lien permettra de demander le reçu plus tard)
demo-shop-order = Commander et payer

demo-thanks-title = Merci pour votre commande
# $order : le numéro de la commande.
demo-thanks-order = Commande { $order }
demo-thanks-recorded = Votre euro est enregistré chez Obole. Il part vers l’association.
demo-thanks-claim = Demander un reçu fiscal pour ce don
demo-thanks-follow = Suivre mon euro
demo-thanks-month = Jouer le mois
demo-thanks-refused = La commande est passée, mais Obole n’a pas enregistré l’euro. La réponse est ci-dessous ; une vraie boutique réessaierait.
demo-thanks-exchange = Ce que la boutique a envoyé, et la réponse
demo-thanks-signed = signé, Standard Webhooks
# $status : un code HTTP.
demo-thanks-response = Réponse { $status }
demo-thanks-without = Sans euro ajouté cette fois : la boutique n’a rien transmis à Obole.
demo-thanks-back = Revenir à la boutique

demo-bank-title = La banque
demo-bank-heading = La banque de la démonstration
demo-bank-introduction = Elle lit les ordres de virement d’une vraie banque (pain.001) et répond par de vrais relevés (camt.053).
demo-bank-at-merchants = Dans les boutiques
demo-bank-asked = Demandé aux boutiques
demo-bank-safeguarded = Sur le compte de cantonnement
demo-bank-arrived = Arrivé aux associations
# $month : un mois.
demo-bank-play = Jouer le mois : { $month }
# $least : le plus petit reversement mensuel.
demo-bank-explanation = En un clic, comme si le mois suivant avait commencé : relevé à la boutique, son virement, reversements approuvés par deux personnes, virements aux associations, reçus fiscaux par e-mail. Sous { $least }, une association n’est payée qu’une fois par trimestre.
demo-bank-playing = Le mois se joue.
demo-bank-step-orders = Les dernières commandes sont comptabilisées.
demo-bank-step-prepare-collections = Les dons de chaque boutique sont comptés.
demo-bank-step-write-statements = Les relevés des boutiques sont rédigés.
demo-bank-step-mail-statements = Les relevés des boutiques sont envoyés.
demo-bank-step-import-statement = Le relevé de la banque est lu.
demo-bank-step-mail-reports = Les rapports des associations sont envoyés.
demo-bank-step-prepare-payouts = Les reversements sont préparés.
demo-bank-step-write-payout-files = Les virements sont rédigés pour la banque.
demo-bank-step-issue-receipts = Les reçus fiscaux sont numérotés.
demo-bank-step-mail-receipts = Les reçus fiscaux sont envoyés.
demo-bank-step-store-receipts = Les reçus fiscaux sont archivés.
demo-bank-failed = Le mois s’est arrêté sur une erreur, que le terminal affiche. Rejouez-le : il reprend où il s’est arrêté.
demo-bank-played = Le mois est joué.
demo-bank-read-mail = Lire le courrier
demo-bank-paid-out = Reversé aux associations
demo-bank-empty = Rien encore.
demo-bank-month = Mois
demo-bank-merchant = Boutique
demo-bank-association = Association
demo-bank-reference = Référence
demo-bank-donations = Dons
demo-bank-amount = Montant
demo-bank-state = État
demo-bank-state-settled = arrivé
demo-bank-state-asked = demandé
demo-bank-state-under-way = en route
demo-bank-files = Fichiers échangés
demo-bank-ledger = Le grand livre
demo-bank-account = Compte
demo-bank-debits = Débits
demo-bank-credits = Crédits
demo-bank-balance = Solde

demo-mail-title = Le courrier
demo-mail-heading = Le courrier de la démonstration
demo-mail-introduction = Tous les messages partis d’ici. Dans la vraie vie, chacun lit les siens.
demo-mail-empty = Les messages paraîtront ici : liens de connexion, relevés des boutiques, reçus fiscaux.
demo-mail-to = Pour
demo-mail-subject = Objet
demo-mail-files = Pièces
demo-mail-sent = Envoyé
demo-mail-all = Tout le courrier
# $from et $to : des adresses ; $time : un jour et une heure.
demo-mail-envelope = De { $from } · à { $to } · { $time }
demo-mail-attachments = Pièces jointes
demo-mail-unsubscribe = Ne plus recevoir ces messages
