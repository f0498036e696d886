### What went wrong, as a person reads it: what happened, what is safe, what to do.

problem-not-found-title = There is nothing here
problem-not-found-text = The address may be incomplete, or the link too old.
problem-foreign-form-title = This form came from elsewhere
problem-foreign-form-text = Nothing was changed. Open the page here and send it again.
problem-unavailable-title = One moment
problem-unavailable-text = The service will be back in a few seconds. Nothing was lost.
problem-other-title = Something failed here
problem-other-text = Nothing was changed. You can try again.
problem-home = Back to the home page
