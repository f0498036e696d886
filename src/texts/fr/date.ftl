### Les jours et les mois en toutes lettres.

# $number : de 1 à 12.
date-month-name =
    { $number ->
        [1] janvier
        [2] février
        [3] mars
        [4] avril
        [5] mai
        [6] juin
        [7] juillet
        [8] août
        [9] septembre
        [10] octobre
        [11] novembre
       *[12] décembre
    }
# $month : le nom du mois ; $year : l’année.
date-month = { $month } { $year }
# $day : le jour du mois ; $month : le nom du mois ; $year : l’année.
date-day =
    { $day ->
        [1] 1er
       *[other] { $day }
    } { $month } { $year }
# $day : un jour, comme l’écrit date-day ; $time : une heure (UTC).
date-time = { $day } à { $time } UTC
