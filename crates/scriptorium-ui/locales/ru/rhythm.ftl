# When a schedule runs, in words. A sentence is put together from its parts.

rhythm-sentence = { $time } { $days } { $months }
rhythm-every-minute = каждую минуту
rhythm-every-n-minutes = { $n ->
    [one] каждую { $n } минуту
    [few] каждые { $n } минуты
   *[other] каждые { $n } минут
}
rhythm-every-hour = каждый час в { $minutes }
rhythm-every-n-hours = { $n ->
    [one] каждый { $n } час
    [few] каждые { $n } часа
   *[other] каждые { $n } часов
}
rhythm-at-minutes = в { $minutes }
rhythm-often = { $n ->
    [one] { $n } раз в час
    [few] { $n } раза в час
   *[other] { $n } раз в час
}
rhythm-times = в { $times }
rhythm-between = с { $from } до { $to }
rhythm-in-hours = { $n ->
    [one] в час { $hours }
   *[other] в часы { $hours }
}
rhythm-daily = каждый день
rhythm-monday-to-friday = с понедельника по пятницу
rhythm-weekends = по субботам и воскресеньям
rhythm-weekdays = по { $weekdays }
rhythm-days = { $n ->
    [one] { $days } числа
   *[other] { $days } числа
}
rhythm-either = { $days } или { $weekdays }
rhythm-months = { $n ->
    [one] в { $months }
   *[other] в { $months }
}
rhythm-and = { $first } и { $last }

rhythm-weekday-0 = воскресеньям
rhythm-weekday-1 = понедельникам
rhythm-weekday-2 = вторникам
rhythm-weekday-3 = средам
rhythm-weekday-4 = четвергам
rhythm-weekday-5 = пятницам
rhythm-weekday-6 = субботам

rhythm-month-1 = январе
rhythm-month-2 = феврале
rhythm-month-3 = марте
rhythm-month-4 = апреле
rhythm-month-5 = мае
rhythm-month-6 = июне
rhythm-month-7 = июле
rhythm-month-8 = августе
rhythm-month-9 = сентябре
rhythm-month-10 = октябре
rhythm-month-11 = ноябре
rhythm-month-12 = декабре

# How a schedule keeps.
timetable-title = Расписание
timetable-next = Следующий запуск:
timetable-none = Больше запусков не запланировано.
timetable-overdue = Следующий запуск уже должен был начаться. Ни один сервер не следит за расписаниями, или они не успевают.
timetable-well = Последние запланированные запуски начались вовремя.
timetable-more = И ещё { $n }: с опозданием или не начались.
timetable-failures = { $n ->
    [one] { $n } запуск подряд завершился ошибкой.
    [few] { $n } запуска подряд завершились ошибкой.
   *[other] { $n } запусков подряд завершились ошибкой.
}
slot-on-time = Начат вовремя
slot-late = Начат с опозданием: { $time }
slot-missed = Пропущен: вовремя не было ни одного сервера
slot-still-running = Пропущен: шёл предыдущий запуск
slot-skipped = Пропущен
slot-passed-over = { $n ->
    [one] До него не начался { $n } запланированный запуск.
    [few] До него не начались { $n } запланированных запуска.
   *[other] До него не начались { $n } запланированных запусков.
}
slot-passed-over-at-least = { $n ->
    [one] До него не начались { $n } запланированный запуск или больше.
    [few] До него не начались { $n } запланированных запуска или больше.
   *[other] До него не начались { $n } запланированных запусков или больше.
}
