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
# $number: the receipt’s number; $association: its name; $amount: the amount; $year: the year of the donations; $box: the box of the return.
mail-receipts-line = • { $number } – { $association } – { $amount } (donations of { $year }, box { $box })
# $count: how many receipts.
mail-receipts-keep =
    { $count ->
        [one] Keep it for your tax return. You enter its amount there:
       *[other] Keep them for your tax return. You enter their amounts there, box by box:
    }
# $year: the year of the donations; $box: the box of the return; $rate: the rate of the reduction; $amount: the sum of the receipts.
mail-receipts-sum = • income of { $year }, box { $box } (reduction of { $rate }%): { $amount }
mail-receipts-reduction = It is a reduction of tax, not a credit: it is worth nothing if you pay no income tax.
mail-receipts-dashboard = Your euros, your causes, all your receipts:

# The receipt replaces others. $numbers: their numbers; $count: how many.
mail-receipts-line-replaces =
    { $count ->
        [one] cancels and replaces receipt no. { $numbers }
       *[other] cancels and replaces receipts nos. { $numbers }
    }

# Why a receipt is cancelled or replaced.
mail-ended-refund = Why: the shop gave back to you all or part of a donation that it was for.
mail-ended-payment-returned = Why: a payment came back. The association does not have the money that this receipt certifies, or did not on the day it states.
mail-ended-correction = Why: you asked for your name or address to be corrected.
mail-ended-mistake = Why: we made a mistake in issuing it. We apologise.
mail-ended-declared = If you have declared the old amount already, correct your return: in your account at impots.gouv.fr while correcting online is open, and after that by a claim through the messages of that account.

mail-cancellation-subject = One of your tax receipts is cancelled
# $number: the receipt’s number; $amount: what it said.
mail-cancellation-cancelled = Tax receipt no. { $number }, for { $amount }, is cancelled: it is worth nothing any more.
mail-cancellation-declare = Do not enter its amount in your tax return.
# $amount: what remains of the donations.
mail-cancellation-another = Of the donations it was for, { $amount } were not given back. Another receipt, which cancels and replaces this one, will come by mail as soon as it can be issued.
mail-cancellation-wait = If you have declared it already, wait for the other receipt: if it says the same amount for the same year, your return is right; if not, correct it in your account at impots.gouv.fr.
mail-cancellation-not-wanted = Of the donations it was for, { $amount } were not given back. You chose to have no receipts: no other will follow, unless you change that on your page.
mail-cancellation-unreceipted = Of the donations it was for, { $amount } were not given back, but earn no receipt.
mail-cancellation-nothing = All the donations it was for were given back: nothing of them remains to be declared, and no other receipt will follow.

mail-replacement-subject = One of your tax receipts is replaced
# $number: the number of the receipt that counts no more.
mail-replacement-replaced = Tax receipt no. { $number } is cancelled and replaced by the one attached. Only the new one counts:
# $new: the amount of both receipts.
mail-replacement-same-amount = The amount is still { $new }: if you have declared it already, your return is right.
# $old and $new: the amount of the old receipt and of the new one.
mail-replacement-other-amount = The old one said { $old }, the new one says { $new }: that is the amount you declare.

mail-declined-subject = One of your tax receipts stays as it is
# $number: the receipt’s number.
mail-declined-stays = You corrected your name or address. Tax receipt no. { $number } is not replaced: it stays valid, with what it carries.
# $why: the reason, in the words of who decided.
mail-declined-why = Why: { $why }
mail-declined-next = Your next receipts will carry the name and address that you gave. You do not agree? Reply to this message.

mail-incomplete-subject = Something is missing for your receipts
mail-incomplete-arrived = The euros that you added to your orders have arrived at the associations. A receipt carries the donor’s name and complete address; for yours, this is missing:
mail-incomplete-name = • your first and last name
mail-incomplete-address = • your complete postal address
mail-incomplete-letters = • your name and address in Latin letters: the receipt cannot print all of those that we have
mail-incomplete-open = Open this page to complete it. It first sends you a sign-in link, to this same address:
mail-incomplete-once = There is no hurry, and we ask only once: your receipt waits.

# $month: a month.
mail-statement-subject = Statement of donations, { $month }
# $merchant: its name; $month: a month; $count: how many donations; $amount: their sum.
mail-statement-due =
    Here is the statement of { $merchant } for { $month }: { $count ->
        [one] { $count } donation
       *[other] { $count } donations
    } from your customers, { $amount }. The detail, order by order, is attached.
# The lines of the statement. $amount: an amount, negative for what is taken off.
mail-statement-donated = Donations from your customers: { $amount }
mail-statement-refunded = Given back of these donations: { $amount }
mail-statement-refunded-earlier = Given back of donations of earlier statements: { $amount }
mail-statement-refunded-late = Given back of donations that the association already had, taken off now: { $amount }
# $day: the day on which the bank took the payment back; $reference: its reference; $amount: its amount.
mail-statement-returned = Payment taken back by the bank on { $day } (reference { $reference }): { $amount }
mail-statement-apart = Payment taken back, asked for apart: { $amount }
mail-statement-credit-before = Credit left by the statement before: { $amount }
mail-statement-other-credit = Other credit of your account: { $amount }
mail-statement-taken-elsewhere = Already taken off a payment that was refused or taken back: { $amount }
mail-statement-credit-left = Credit left to the next statement: { $amount }
mail-statement-to-pay = To pay by transfer: { $amount }
mail-statement-nothing = There is nothing to pay for this statement.
# $amount: the credit.
mail-statement-carries-on = You have a credit of { $amount } left: the next statement will take it off.
# $holder, $iban and $bic: the account to credit; $amount: the amount; $reference: the reference.
mail-statement-transfer =
    Transfer to make:
    Account holder: { $holder }
    IBAN: { $iban }
    BIC: { $bic }
    Amount: { $amount }
    Reference, to be copied exactly: { $reference }
# $amount: what was asked for; $month: its month; $reference: its reference.
mail-statement-failed = The payment of { $amount } for { $month } (reference { $reference }) was refused. What is still owed of it is settled apart and is not in this statement.
# $amount: what was asked for; $month: its month; $reference: its reference; $day: the day on which it was taken back.
mail-statement-failed-returned = The payment of { $amount } for { $month } (reference { $reference }) was taken back by the bank on { $day }. What is still owed of it is settled apart and is not in this statement.
# $amount: the euros given back.
mail-statement-late = You had given back { $amount } of donations that the association already had. It is now decided who bears this: this statement takes it off, whatever the day on which you gave it back, which the detail tells.
# $amount: the euros given back.
mail-statement-waiting = You also gave back { $amount } of donations that the association already had. This credit waits for a decision: it is not taken off yet.
mail-statement-accountant = For your accountant: these euros belong to your customers and go to the associations, without any fee. They are not revenue, there is no VAT, and the shop deducts nothing. Entries to book:
# $amount: the amount.
mail-statement-entry-donations = Donations received: debit 512 Banque { $amount }, credit 467 Obole { $amount }
mail-statement-entry-refunds = Donations given back to customers: debit 467 Obole { $amount }, credit 512 Banque { $amount }
mail-statement-entry-late = Donations given back after they were paid to the association, to be booked in the month of this statement: debit 467 Obole { $amount }, credit 512 Banque { $amount }
# $day: the day on which the bank took the payment back; $reference: its reference; $amount: its amount.
mail-statement-entry-returned = Payment taken back on { $day } (reference { $reference }): debit 512 Banque { $amount }, credit 467 Obole { $amount }
# $amount: the amount.
mail-statement-entry-payment = Transfer to Obole: debit 467 Obole { $amount }, credit 512 Banque { $amount }
mail-statement-thanks = Thank you on their behalf.

mail-payment-returned-subject = The bank took your payment of donations back
# $merchant: its name; $amount: the amount; $month: its month; $reference: its reference; $day: a day.
mail-payment-returned = On { $day } the bank took back the payment of { $merchant } for { $month }: { $amount }, reference { $reference }. This is owed again.
# $reason: the reason, code and words.
mail-payment-reason = The bank’s reason: { $reason }.
mail-payment-returned-next = There is nothing to pay for now: a message will tell you how to settle what is still owed. The entry to book for this return is in your next statement.
mail-payment-again-subject = A payment of donations is asked for again
# $merchant: its name; $month: the month; $amount: what is asked for.
mail-payment-again = The payment of { $merchant } for { $month } was refused or taken back by a bank. We ask for it again, for what is still owed of it: { $amount }. It is settled apart from the statements that follow, which do not contain it.
# $amount: what is asked for.
mail-payment-again-entry = Entry to book for this transfer: debit 467 Obole { $amount }, credit 512 Banque { $amount }. That of the first payment stays only if it had left your account, and with that of its return.

mail-report-subject = Your payout has arrived
# $association: its name; $amount: the amount; $day: a day; $reference: the transfer’s reference.
mail-report-arrived = { $association } received { $amount } on { $day } by transfer, without any fee. The transfer’s reference is { $reference }.
# $count: how many donations; $amount: their sum.
mail-report-donated =
    { $count ->
        [one] { $count } donation
       *[other] { $count } donations
    }: { $amount }
# $amount: an amount, negative for what is taken off.
mail-report-refunded = Given back of these donations before the transfer: { $amount }
mail-report-deducted = Taken off for other donations given back: { $amount }
mail-report-paid = Paid: { $amount }
mail-report-detail = The attached detail lists each donation and each refund: day, shop, order, cause, amount. It names no donor; the tax receipts are sent in your name, under your mandate.
mail-report-account = Your account, since the report before:
# $amount: an amount, negative for what leaves.
mail-report-account-opening = Owed at the beginning: { $amount }
mail-report-account-arrived = Donations arrived from the shops: { $amount }
mail-report-account-refunded = Given back by the shops before it was paid to you: { $amount }
mail-report-account-claimed = Given back by the shops after it was paid to you, taken off with your consent: { $amount }
mail-report-account-withdrawn = Taken back by a shop’s bank before it was paid to you: { $amount }
mail-report-account-returned = Transfer that came back: { $amount }
mail-report-account-paid = Transfer that arrived: { $amount }
mail-report-account-closing = Owed at the end: { $amount }
mail-report-owing = You owe this sum: it will be taken off the next donations that arrive.
# $amount: the euros given back.
mail-report-undecided = Shops gave back { $amount } of donations that you already have. Nothing of it is taken off without your consent:
# $order: the number of the order; $merchant: the shop; $day: the day of the refund; $amount: what is asked back.
mail-report-claim = • order { $order }, { $merchant }, given back on { $day }: { $amount }
# $count: how many others.
mail-report-claims-more = { $count ->
    [one] • and { $count } other
   *[other] • and { $count } others
}
mail-report-agree = To consent, reply to this message and name the orders: the sum is then taken off the next donations that you are owed.
# $amount: the amount.
mail-report-entry = Entry to book: debit 512 Banque { $amount }, credit 754 Collectes et dons { $amount }.

mail-account-subject = An association’s bank account
# $association: the association; $iban: the new account; $previous: the one before; $day: the day.
mail-account-asked =
    On { $day }, somebody asked for the donations to { $association } to be paid to the account { $iban } instead of { $previous }.
    A second person of our team must confirm it. Until then, no payout leaves.
# $association: the association; $iban: the new account; $previous: the one before; $day: the day.
mail-account-confirmed =
    On { $day }, it was confirmed that the donations to { $association } will be paid to the account { $iban } instead of { $previous }.
    No payout leaves for three days.
# $association: the association; $iban: the new account; $previous: the one before; $day: the day.
mail-account-refused = On { $day }, the change asked for { $association } was refused: the donations are still paid to the account { $previous }, not to { $iban }.
mail-account-wrong = You know nothing of this change? Answer this message at once.
mail-choice-subject = Choose where your next euros go
# $association: its name.
mail-choice-suspended = The association { $association } is suspended: Obole pays it nothing for now.
mail-choice-held = What you gave for it and has not left yet is kept, whole.
mail-choice-open = You can choose another cause for your next euros:
mail-choice-once = We ask you this only once.
# $amount: the amount; $deducted: what is taken off it; $donations: the donations before that.
mail-report-entry-deducted = This amount is net of { $deducted } of donations given back. If they were booked in a year that is closed, book this instead: debit 512 Banque { $amount }, debit 658 Charges diverses de gestion courante { $deducted }, credit 754 Collectes et dons { $donations }.

mail-returned-subject = One of your payouts came back
# $association: its name; $amount: the amount; $day and $back: days; $reference: the reference.
mail-returned-came-back = The transfer of { $amount } to { $association }, told for { $day } under the reference { $reference }, came back on { $back }. You do not have this money.
# $reason: the reason, code and words.
mail-returned-reason = Your bank’s reason: { $reason }.
mail-returned-waits = What you are owed of it is not lost: it is on the safeguarded account, and another transfer will bring it, with its own report. If your account is closed or has changed, reply to this message with your new IBAN and the exact name of its holder: nothing leaves again before we have checked that account.
# $amount: the amount.
mail-returned-entry = If you booked the entry of this transfer, cancel it: debit 754 Collectes et dons { $amount }, credit 512 Banque { $amount }.

mail-alert-subject = Cases wait for a decision
mail-alert-opened = New cases wait for a person of the team:
# $count: how many more.
mail-alert-more = { $count ->
    [one] And { $count } more.
   *[other] And { $count } more.
}
mail-alert-list = “obole cases --open” lists all of them.
