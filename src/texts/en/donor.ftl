### The donor’s pages.

donor-navigation = My space
donor-tab-home = My euros
donor-tab-causes = My causes
donor-tab-profile = My profile
donor-sign-out = Sign out

donor-none-title = No euro here yet
donor-none-text = You are signed in, but no donation carries this address yet. Your euros will appear here with the first order you add one to.
donor-none-link = See the causes

donor-home-title = My euros
# $name: the first name.
donor-home-hello = Hello { $name }
donor-home-incomplete = To make out your tax receipts, we need your name and address.
donor-home-complete = Complete my profile
donor-home-given = Given
donor-home-arrived = Arrived at associations
donor-home-donations = Donations
donor-home-receipts = My tax receipts
donor-home-receipts-empty = Your receipts will appear here once the associations have your euros. They stay for six years.
donor-home-receipt = Receipt
donor-home-amount = Amount
donor-home-association = Association
donor-home-issued-on = Issued on
# $number: the number of the receipt that replaces it.
donor-home-receipt-replaced = cancelled and replaced by { $number }
donor-home-receipt-cancelled = cancelled: do not declare it
donor-home-receipt-in-question = being verified: do not declare it for now
donor-home-tax = Enter their total in your tax return. It reduces the tax you pay: it is worth nothing if you pay no tax.
donor-home-donations-title = Where my euros are
donor-home-donations-empty = Your euros will appear here a few seconds after each order.
# $association and $merchant: their names.
donor-home-donation = { $association } · at { $merchant }
# $day: a day.
# $amount: what was given back of the donation. $day: when.
donor-home-refunded-part = { $amount } given back by the shop on { $day }
donor-home-refunded = Given back by the shop on { $day }
donor-home-recorded = Added to the order
donor-home-collected = Paid in by the shop
donor-home-paid-out = Arrived at the association
donor-home-receipted = Tax receipt
donor-home-to-come = to come
donor-home-newer = Newer
donor-home-older = Older

donor-causes-title = My causes
donor-causes-introduction = When the order names no cause, your euro goes to one of yours, each in its turn by its shares. A euro is never split.
donor-causes-chosen = Two shares get twice as many euros as one.
donor-causes-unchosen = You have not chosen yet: your euros go to the shop’s cause.
# $count: how many shares.
donor-causes-weight =
    { $count ->
        [0] No euro
        [one] { $count } share
       *[other] { $count } shares
    }
donor-causes-save = Save my causes

donor-profile-title = My profile
donor-profile-introduction = A tax receipt carries your name and complete address: the law asks for it. We use them for nothing else.
donor-profile-wrong = Nothing was saved: every field is needed except the second line.
donor-profile-receipts = My tax receipts
donor-profile-receipts-monthly = Every month, as soon as the associations have my euros
donor-profile-receipts-annual = Once a year
donor-profile-receipts-none = No receipt
donor-profile-language = Language of messages
donor-profile-save = Save
