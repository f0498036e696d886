### Ce que toutes les pages partagent : en-tête, pied de page, champs d’identité.

# Le nom de cette langue, dans cette langue.
page-language-name = Français

page-skip = Aller au contenu
page-main-navigation = Principal
page-causes = Les causes
page-my-euros = Mes euros
page-sign-in = Se connecter
page-footer = Un euro donné, un euro reçu.
page-demo-navigation = Démonstration
page-demo-shop = La boutique
page-demo-bank = La banque
page-demo-mail = Le courrier

page-email = Adresse e-mail
page-first-name = Prénom
page-last-name = Nom
page-line1 = Numéro et rue
page-line2 = Complément (facultatif)
page-postal-code = Code postal
page-city = Ville
page-country = Pays

# $theme : un thème de cause.
page-theme =
    { $theme ->
        [childhood] Protection de l’enfance
        [environment] Environnement
        [exclusion] Lutte contre l’exclusion
        [medical-research] Recherche médicale
       *[other] { $theme }
    }
