### The pages open to all.

public-causes-title = Causes
public-causes-heading = One more euro, one cause further
public-causes-introduction = In partner shops you can add one euro to your order. All of it goes to the association named, and you get a French tax receipt.
public-causes-empty = Causes will appear here as soon as an association is listed.
# The text beside the box, which is never ticked in advance. $association and $cause: their names.
public-checkout = I add one euro for { $association } ({ $cause }).

public-login-title = Sign in
public-login-introduction = No password: we send you a link.
public-login-email = E-mail address given to the shop
public-login-wrong = An e-mail address looks like camille@example.org.
public-login-send = Get a link
public-login-sent-title = Look at your mail
public-login-sent-text = If this address is known here, a sign-in link has just been sent to it. It works once, for fifteen minutes.
public-login-sent-demo = Open the demonstration’s mail
public-login-open-title = Welcome
public-login-open-text = One more click and you are in.
public-login-open-button = Sign in
public-login-expired-title = This link no longer works
public-login-expired-text = A link works once, for fifteen minutes. Ask for another one: it comes at once.
public-login-expired-link = Ask for a link

public-claim-title = Your donation
public-claim-heading = Put this donation in your name
public-claim-introduction = A tax receipt carries your name and complete address: the law asks for it.
public-claim-button = Put this donation in my name
public-claim-wrong-email = The e-mail address should look like camille@example.org.
public-claim-wrong-identity = Every field is needed for the receipt.
public-claim-used-title = This link has been used
public-claim-used-text = A link works once. The donation it was for is in its donor’s name; if it is yours, you will find it on your page once you sign in.
public-claim-expired-title = This link no longer works
public-claim-expired-text = A link works for a limited time, and that time is over. The donation still goes whole to its association.
public-claim-back-title = This donation was refunded
public-claim-back-text = The shop gave it back, so there is nothing left to put in your name.
public-claim-early-title = This donation is not here yet
public-claim-early-text = The shop has not told us of it, or has only just done so. Open the link again in a few minutes.
public-claim-done-title = Thank you, this donation is in your name
public-claim-done-text = We will send you the tax receipt once the association has the money.
public-claim-done-link = Follow this euro

public-complete-title = Complete my receipts
public-complete-text = So that nobody else sees your data, we send a sign-in link to your e-mail address. It opens the page with your name and address.
public-complete-button = Send me my sign-in link
public-complete-sent-title = Look at your messages
public-complete-sent-text = A sign-in link has just left for your e-mail address. It works once, for fifteen minutes.

public-unsubscribe-title = Stop receiving receipts
public-unsubscribe-text = Your euros will still reach the associations, but you will get no more tax receipts.
public-unsubscribe-button = Stop receiving receipts
public-unsubscribe-done-title = Done
public-unsubscribe-done-text = You will get no more receipts.
public-unsubscribe-done-link = Change your mind
