### What all pages share: header, footer, fields of a person’s identity.

# The name of this language, in this language.
page-language-name = English

page-skip = Skip to content
page-main-navigation = Main
page-causes = Causes
page-my-euros = My euros
page-sign-in = Sign in
page-footer = One euro given, one euro received.
page-demo-navigation = Demonstration
page-demo-shop = The shop
page-demo-bank = The bank
page-demo-mail = The mail

page-email = E-mail address
page-first-name = First name
page-last-name = Last name
page-line1 = Number and street
page-line2 = Second line (optional)
page-postal-code = Postal code
page-city = City
page-country = Country

# $theme: a cause’s theme.
page-theme =
    { $theme ->
        [childhood] Protecting children
        [environment] Environment
        [exclusion] Fighting exclusion
        [medical-research] Medical research
       *[other] { $theme }
    }
