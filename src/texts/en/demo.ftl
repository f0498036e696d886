### The demonstration: a shop, a bank, a mailbox.

demo-shop-footer = A shop made up for the demonstration: nothing is sold.
demo-shop-title = Your order
demo-shop-book = The book
# $title: a title; $amount: a price.
demo-shop-book-price = { $title }, { $amount }
demo-shop-delivery = Delivery
demo-shop-wrong = We need a book, an e-mail address and a complete address.
# $amount: one euro.
demo-shop-add = I add { $amount } to my order for:
demo-shop-cause = The association and its cause
demo-shop-own-causes = The causes I chose at Obole
demo-shop-explanation = The association gets the whole euro, and you a French tax receipt in its name. The shop deducts nothing.
demo-shop-anonymous = Give without passing on my name (a link lets you ask for the receipt later)
demo-shop-order = Order and pay

demo-thanks-title = Thank you for your order
# $order: the order’s number.
demo-thanks-order = Order { $order }
demo-thanks-recorded = Your euro is recorded at Obole. It is on its way to the association.
demo-thanks-claim = Ask for a tax receipt for this donation
demo-thanks-follow = Follow my euro
demo-thanks-month = Play the month
demo-thanks-refused = The order is placed, but Obole did not record the euro. The response is below; a real shop would try again.
demo-thanks-exchange = What the shop sent, and the response
demo-thanks-signed = signed, Standard Webhooks
# $status: an HTTP status code.
demo-thanks-response = Response { $status }
demo-thanks-without = No euro added this time: the shop sent nothing to Obole.
demo-thanks-back = Back to the shop

demo-bank-title = The bank
demo-bank-heading = The demonstration’s bank
demo-bank-introduction = It reads the credit transfers of a real bank (pain.001) and responds with real statements (camt.053).
demo-bank-at-merchants = At the shops
demo-bank-asked = Requested from the shops
demo-bank-safeguarded = On the safeguarding account
demo-bank-arrived = Arrived at associations
# $month: a month.
demo-bank-play = Play the month: { $month }
# $least: the smallest monthly payout.
demo-bank-explanation = In one click, as if the next month had begun: statement to the shop, its transfer, payouts approved by two people, transfers to the associations, tax receipts by e-mail. Under { $least }, an association is paid only once a quarter.
demo-bank-playing = The month is being played.
demo-bank-step-orders = The last orders are posted to the ledger.
demo-bank-step-prepare-collections = Each shop’s donations are counted.
demo-bank-step-write-statements = The shops’ statements are written.
demo-bank-step-mail-statements = The shops’ statements are mailed.
demo-bank-step-import-statement = The bank’s statement is read.
demo-bank-step-mail-reports = The associations’ reports are mailed.
demo-bank-step-prepare-payouts = The payouts are prepared.
demo-bank-step-write-payout-files = The transfers are written for the bank.
demo-bank-step-issue-receipts = The tax receipts are numbered.
demo-bank-step-mail-receipts = The tax receipts are mailed.
demo-bank-step-store-receipts = The tax receipts are filed.
demo-bank-failed = The month stopped on an error, which the terminal shows. Play it again: it continues where it stopped.
demo-bank-played = The month has been played.
demo-bank-read-mail = Read the mail
demo-bank-paid-out = Paid to the associations
demo-bank-empty = Nothing yet.
demo-bank-month = Month
demo-bank-merchant = Shop
demo-bank-association = Association
demo-bank-reference = Reference
demo-bank-donations = Donations
demo-bank-amount = Amount
demo-bank-state = State
demo-bank-state-settled = arrived
demo-bank-state-asked = requested
demo-bank-state-under-way = on its way
demo-bank-files = Files exchanged
demo-bank-ledger = The ledger
demo-bank-account = Account
demo-bank-debits = Debits
demo-bank-credits = Credits
demo-bank-balance = Balance

demo-mail-title = The mail
demo-mail-heading = The demonstration’s mail
demo-mail-introduction = All messages sent from here. In real life, everyone reads their own.
demo-mail-empty = Messages will appear here: sign-in links, shops’ statements, tax receipts.
demo-mail-to = To
demo-mail-subject = Subject
demo-mail-files = Files
demo-mail-sent = Sent
demo-mail-all = All mail
# $from and $to: addresses; $time: a day and a time.
demo-mail-envelope = From { $from } · to { $to } · { $time }
demo-mail-attachments = Attachments
demo-mail-unsubscribe = Stop these messages
