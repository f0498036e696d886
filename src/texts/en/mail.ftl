### The e-mail messages. A subject carries no name, cause or amount.

mail-hello = Hello,
# $name: the first name.
mail-hello-name = Hello { $name },

mail-sign-in-subject = Your sign-in link
mail-sign-in-open = Open this link to sign in to Obole. It works once, for fifteen minutes.
mail-sign-in-unasked = You did not ask for it? Then there is nothing to do: without the link, nobody can sign in.

mail-receipts-subject = Your tax receipts
# $count: how many receipts.
mail-receipts-enclosed =
    The euros you gave have reached { $count ->
        [one] the association. Here is its tax receipt:
       *[other] the associations. Here are their tax receipts:
    }
# $number: the receipt’s number; $association: its name; $amount: the amount.
mail-receipts-line = • { $number } – { $association } – { $amount }
# $count: how many receipts.
mail-receipts-keep =
    { $count ->
        [one] Keep it for your tax return: you enter its amount.
       *[other] Keep them for your tax return: you enter their total.
    } It is a reduction of tax, not a credit: it is worth nothing if you pay no income tax.
mail-receipts-dashboard = Your euros, your causes, all your receipts:

mail-cancellation-subject = One of your tax receipts is cancelled
# $number: the receipt’s number.
mail-cancellation-cancelled = Tax receipt no. { $number }, which you had from us, is cancelled: it is worth nothing any more.
mail-cancellation-declare = Do not enter its amount in your tax return. If you have declared it already, correct your return at impots.gouv.fr.
mail-cancellation-another = If the association keeps donations that it was for, another receipt, with another number, will come by mail.

mail-replacement-subject = One of your tax receipts is replaced
# $number: the number of the receipt that counts no more.
mail-replacement-replaced = Tax receipt no. { $number } is cancelled and replaced by the one attached:
mail-replacement-declare = Only the new one counts for your tax return: do not enter the old one. If you have declared it already and the amount has changed, correct your return at impots.gouv.fr.
mail-incomplete-subject = Something is missing for your receipts
mail-incomplete-arrived = The euros that you added to your orders have arrived at the associations. A receipt carries the donor’s name and complete address; for yours, this is missing:
mail-incomplete-name = • your first and last name
mail-incomplete-address = • your complete postal address
mail-incomplete-letters = • your name and address in Latin letters: the receipt cannot print all of those that we have
mail-incomplete-open = Open this page to complete it. It first sends you a sign-in link, to this same address:
mail-incomplete-once = There is no hurry, and we ask only once: your receipt waits.

# $month: a month.
mail-statement-subject = Statement of donations, { $month }
# $merchant: its name; $month: a month; $count: how many donations; $amount: to be paid.
mail-statement-due =
    Here is the statement of { $merchant } for { $month }: { $count ->
        [one] { $count } donation
       *[other] { $count } donations
    } from your customers, { $amount } to pay by transfer. The detail, order by order, is attached.
# $amount: the euros given back.
mail-statement-credited = The euros given back after an earlier statement are taken off: { $amount }.
# $holder, $iban and $bic: the account to credit; $amount: the amount; $reference: the reference.
mail-statement-transfer =
    Transfer to make:
    Account holder: { $holder }
    IBAN: { $iban }
    BIC: { $bic }
    Amount: { $amount }
    Reference, to be copied exactly: { $reference }
mail-statement-accountant = For your accountant: these euros belong to your customers and go whole to the associations. On receipt, debit 512, credit 467; on the transfer, debit 467, credit 512. They are not revenue, there is no VAT, and the shop deducts nothing.
mail-statement-thanks = Thank you on their behalf.

mail-report-subject = Your payout has arrived
# $association: its name; $amount: the amount; $day: a day; $count: how many donations; $reference: the transfer’s reference.
mail-report-arrived =
    { $association } received { $amount } on { $day } by transfer: { $count ->
        [one] { $count } donation, whole, without any fee.
       *[other] { $count } donations, whole, without any fee.
    } The transfer’s reference is { $reference }.
mail-report-detail = The attached detail lists each donation: day, shop, order, cause, amount. It names no donor; the tax receipts are sent in your name, under your mandate.
# $amount: the amount.
mail-report-entry = Entry to book: debit 512 Banque { $amount }, credit 754 Collectes et dons { $amount }.

mail-choice-subject = Choose where your next euros go
# $association: its name.
mail-choice-suspended = The association { $association } is suspended: Obole pays it nothing for now.
mail-choice-held = What you gave for it and has not left yet is kept, whole.
mail-choice-open = You can choose another cause for your next euros:
mail-choice-once = We ask you this only once.
