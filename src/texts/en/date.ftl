### Days and months in words.

# $number: 1 to 12.
date-month-name =
    { $number ->
        [1] January
        [2] February
        [3] March
        [4] April
        [5] May
        [6] June
        [7] July
        [8] August
        [9] September
        [10] October
        [11] November
       *[12] December
    }
# $month: the month’s name; $year: the year.
date-month = { $month } { $year }
# $day: the day of the month; $month: the month’s name; $year: the year.
date-day = { $day } { $month } { $year }
# $day: a day as date-day writes it; $time: a time (UTC).
date-time = { $day } at { $time } UTC
