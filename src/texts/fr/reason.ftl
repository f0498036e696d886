### Ce que disent les banques : les motifs de retour et de refus (ISO 20022, ExternalReturnReason1Code et ExternalStatusReason1Code).

# $code : un code.
reason-words =
    { $code ->
        [AC01] numéro de compte erroné
        [AC04] compte clos
        [AC06] compte bloqué
        [AC13] compte de particulier
        [AG01] opération interdite sur ce compte
        [AG02] opération mal codée
        [AM04] provision insuffisante
        [AM05] opération en double
        [ARDT] déjà rendu
        [BE04] adresse du créancier manquante ou erronée
        [BE05] créancier inconnu
        [CNOR] banque du créancier non inscrite
        [CUST] à la demande du payeur
        [DNOR] banque du débiteur non inscrite
        [DUPL] paiement en double
        [ERIN] champ non accepté
        [FF01] format de fichier refusé
        [FOCR] revenu après une demande d’annulation
        [FRAD] fraude
        [MD01] pas de mandat valable
        [MD06] remboursement demandé par le titulaire
        [MD07] titulaire décédé
        [MS02] refusé par le titulaire du compte
        [MS03] motif non précisé par la banque
        [NOAS] pas de réponse du bénéficiaire
        [RC01] identifiant de banque erroné
        [RR01] compte du débiteur manquant
        [RR02] nom ou adresse du débiteur manquant
        [RR03] nom ou adresse du créancier manquant
        [RR04] raison réglementaire
        [SL01] service de la banque du débiteur
        [TECH] incident technique
        [TM01] reçu après l’heure limite
       *[other] { $code }
    }
