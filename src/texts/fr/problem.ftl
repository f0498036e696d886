### Ce qui n’a pas marché, dit à une personne : ce qui s’est passé, ce qui est sauf, que faire.

problem-not-found-title = Il n’y a rien ici
problem-not-found-text = L’adresse est peut-être incomplète, ou le lien trop ancien.
problem-foreign-form-title = Ce formulaire vient d’ailleurs
problem-foreign-form-text = Rien n’a changé. Ouvrez la page ici et envoyez-la de nouveau.
problem-unavailable-title = Un instant
problem-unavailable-text = Le service revient dans quelques secondes. Rien n’a été perdu.
problem-other-title = Quelque chose n’a pas marché ici
problem-other-text = Rien n’a changé. Vous pouvez réessayer.
problem-home = Revenir à l’accueil
