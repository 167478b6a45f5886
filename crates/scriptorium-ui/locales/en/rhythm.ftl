# When a schedule runs, in words. A sentence is put together from its parts.

rhythm-sentence = { $time } { $days } { $months }
rhythm-every-minute = every minute
rhythm-every-n-minutes = { $n ->
    [one] every minute
   *[other] every { $n } minutes
}
rhythm-every-hour = every hour at { $minutes }
rhythm-every-n-hours = { $n ->
    [one] every hour
   *[other] every { $n } hours
}
rhythm-at-minutes = at { $minutes }
rhythm-often = { $n ->
    [one] once an hour
   *[other] { $n } times an hour
}
rhythm-times = at { $times }
rhythm-between = from { $from } to { $to }
rhythm-in-hours = { $n ->
    [one] in the hour { $hours }
   *[other] in the hours { $hours }
}
rhythm-daily = every day
rhythm-monday-to-friday = from Monday to Friday
rhythm-weekends = on Saturdays and Sundays
rhythm-weekdays = on { $weekdays }
rhythm-days = { $n ->
    [one] on day { $days } of the month
   *[other] on days { $days } of the month
}
rhythm-either = { $days } or { $weekdays }
rhythm-months = { $n ->
    [one] in { $months }
   *[other] in { $months }
}
rhythm-and = { $first } and { $last }

rhythm-weekday-0 = Sundays
rhythm-weekday-1 = Mondays
rhythm-weekday-2 = Tuesdays
rhythm-weekday-3 = Wednesdays
rhythm-weekday-4 = Thursdays
rhythm-weekday-5 = Fridays
rhythm-weekday-6 = Saturdays

rhythm-month-1 = January
rhythm-month-2 = February
rhythm-month-3 = March
rhythm-month-4 = April
rhythm-month-5 = May
rhythm-month-6 = June
rhythm-month-7 = July
rhythm-month-8 = August
rhythm-month-9 = September
rhythm-month-10 = October
rhythm-month-11 = November
rhythm-month-12 = December
