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
# $numbers: the numbers of the receipts that replace it.
donor-home-receipt-replaced = cancelled and replaced by { $numbers }
# $numbers: the numbers of the receipts that it replaces.
donor-home-receipt-replaces = cancels and replaces { $numbers }
donor-home-receipt-correction = valid, will be replaced: you corrected your name or address
donor-home-receipt-cancelled = cancelled: do not declare it
donor-home-receipt-in-question = being verified: do not declare it for now
# $count: how many receipts.
donor-home-correction =
    You corrected your name or address. { $count ->
        [one] One receipt still carries the former ones: we will replace it by another, which comes to you by mail. It stays valid until then.
       *[other] { $count } receipts still carry the former ones: we will replace them by others, which come to you by mail. They stay valid until then.
    }
# $year: a year; $box: a box of the return; $rate: its rate; $amount: the total of the valid receipts.
donor-home-tax-year = Donations of { $year }: enter { $amount } in box { $box } (reduction of { $rate }%) of your tax return.
# $year: a year; $box: a box of the return; $amount: the total of the receipts that are being verified.
donor-home-tax-in-question = Donations of { $year }, box { $box }: { $amount } being verified. Do not enter them until that is decided; this page will say.
donor-home-tax = These amounts count only your valid receipts. It is a reduction of tax: worth nothing if you pay no tax.
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
donor-profile-receipted = You have receipts already. If you correct your name or address here, we replace those that carry the former ones: each is cancelled and replaced by one that comes to you by mail, and that changes no amount.
donor-profile-wrong = Nothing was saved: every field is needed except the second line.
donor-profile-receipts = My tax receipts
donor-profile-receipts-monthly = Every month, as soon as the associations have my euros
donor-profile-receipts-annual = Once a year
donor-profile-receipts-none = No receipt
donor-profile-language = Language of messages
donor-profile-save = Save
