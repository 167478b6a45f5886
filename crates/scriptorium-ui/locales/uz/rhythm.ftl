# When a schedule runs, in words. A sentence is put together from its parts.

rhythm-sentence = { $months } { $days } { $time }
rhythm-every-minute = har daqiqada
rhythm-every-n-minutes = { $n ->
    [one] har daqiqada
   *[other] har { $n } daqiqada
}
rhythm-every-hour = har soatning { $minutes } daqiqasida
rhythm-every-n-hours = { $n ->
    [one] har soatda
   *[other] har { $n } soatda
}
rhythm-at-minutes = { $minutes } daqiqasida
rhythm-often = { $n ->
    [one] soatiga { $n } marta
   *[other] soatiga { $n } marta
}
rhythm-times = soat { $times } da
rhythm-between = { $from } dan { $to } gacha
rhythm-in-hours = { $n ->
    [one] soat { $hours } da
   *[other] soat { $hours } da
}
rhythm-daily = har kuni
rhythm-monday-to-friday = dushanbadan jumagacha
rhythm-weekends = shanba va yakshanba kunlari
rhythm-weekdays = { $weekdays } kunlari
rhythm-days = { $n ->
    [one] oyning { $days }-kuni
   *[other] oyning { $days }-kunlari
}
rhythm-either = { $days } yoki { $weekdays }
rhythm-months = { $n ->
    [one] { $months } oyida
   *[other] { $months } oylarida
}
rhythm-and = { $first } va { $last }

rhythm-weekday-0 = yakshanba
rhythm-weekday-1 = dushanba
rhythm-weekday-2 = seshanba
rhythm-weekday-3 = chorshanba
rhythm-weekday-4 = payshanba
rhythm-weekday-5 = juma
rhythm-weekday-6 = shanba

rhythm-month-1 = yanvar
rhythm-month-2 = fevral
rhythm-month-3 = mart
rhythm-month-4 = aprel
rhythm-month-5 = may
rhythm-month-6 = iyun
rhythm-month-7 = iyul
rhythm-month-8 = avgust
rhythm-month-9 = sentabr
rhythm-month-10 = oktabr
rhythm-month-11 = noyabr
rhythm-month-12 = dekabr

# How a schedule keeps.
timetable-title = Jadval
timetable-next = Keyingi ishga tushish:
timetable-none = Boshqa ishga tushish rejalashtirilmagan.
timetable-overdue = Keyingi ishga tushish allaqachon boshlanishi kerak edi. Hech bir server jadvallarni kuzatmayapti yoki ular ulgurmayapti.
timetable-well = Oxirgi rejalashtirilgan ishga tushishlar vaqtida boshlangan.
timetable-more = Yana { $n } tasi kechikkan yoki boshlanmagan.
timetable-failures = { $n ->
    [one] Oxirgi ishga tushish xato bilan tugadi.
   *[other] Oxirgi { $n } ishga tushish xato bilan tugadi.
}
slot-on-time = Vaqtida boshlandi
slot-late = { $time } kechikib boshlandi
slot-missed = Oʻtkazib yuborildi: vaqtida hech bir server yoʻq edi
slot-still-running = Oʻtkazib yuborildi: oldingisi hali ishlayotgan edi
slot-skipped = Oʻtkazib yuborildi
slot-passed-over = { $n ->
    [one] Undan oldin bitta rejalashtirilgan ishga tushish boshlanmadi.
   *[other] Undan oldin { $n } ta rejalashtirilgan ishga tushish boshlanmadi.
}
slot-passed-over-at-least = { $n ->
    [one] Undan oldin bitta rejalashtirilgan ishga tushish boshlanmadi.
   *[other] Undan oldin { $n } ta yoki undan koʻp rejalashtirilgan ishga tushish boshlanmadi.
}
