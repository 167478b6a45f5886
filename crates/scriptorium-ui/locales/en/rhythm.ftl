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

# How a schedule keeps.
timetable-title = Schedule
timetable-next = Next run:
timetable-none = No further run is planned.
timetable-overdue = The next run should have begun by now. No server decides schedules, or none keeps up.
timetable-well = The latest planned runs began in time.
timetable-more = And { $n } more that were late or did not begin.
timetable-failures = { $n ->
    [one] The last run failed.
   *[other] The last { $n } runs failed.
}
slot-on-time = Began in time
slot-late = Began { $time } late
slot-missed = Missed: no server was there in time
slot-still-running = Skipped: the run before went on
slot-skipped = Skipped
slot-passed-over = { $n ->
    [one] One planned run before it did not begin.
   *[other] { $n } planned runs before it did not begin.
}
slot-passed-over-at-least = { $n ->
    [one] One planned run before it did not begin.
   *[other] { $n } planned runs before it, or more, did not begin.
}
