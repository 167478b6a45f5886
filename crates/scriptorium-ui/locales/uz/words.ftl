# Soha soʻzlari.
script-type = Turi
script-type-scheduled = Jadval boʻyicha
script-type-http = HTTP nuqta
script-type-event = Hodisa boʻyicha
script-type-oneoff = Bir martalik
script-type-embedded = Ichki chaqiruv
script-type-text-scheduled = Cron ifodasidagi vaqtlarda oʻzi ishga tushadi.
script-type-text-http = /api/scripts ichidagi yoʻlga kelgan soʻrovlarga javob beradi.
script-type-text-event = Koʻrsatilgan turdagi hodisa eʼlon qilinganda ishga tushadi.
script-type-text-oneoff = Qoʻlda yoki API orqali ishga tushiriladi.
script-type-text-embedded = Asosiy ilova uni nomi bilan chaqiradi.

script-status = Holati
script-status-draft = Qoralama
script-status-active = Faol
script-status-paused = Pauzada
script-status-disabled = Oʻchirilgan
script-status-archived = Arxivda

execution-status = Holati
execution-status-pending = Navbatda
execution-status-running = Bajarilmoqda
execution-status-completed = Bajarildi
execution-status-failed = Xato
execution-status-timeout = Vaqt tugadi
execution-status-cancelled = Bekor qilindi

trigger = Manba
trigger-cron = Jadval
trigger-http = HTTP soʻrov
trigger-event = Hodisa
trigger-manual = Qoʻlda
trigger-api = API
trigger-embedded = Ilova

level-debug = sozlash
level-info = maʼlumot
level-warn = ogohlantirish
level-error = xato
level-progress = jarayon

language-javascript = JavaScript
language-typescript = TypeScript

role-superadmin = Superadministrator
role-org_admin = Administrator
role-developer = Dasturchi
role-viewer = Kuzatuvchi
role-token = API tokeni

tenant = Tashkilot
source = Manba kodi
input = Kirish
output = Natija
logs = Jurnal
error = Xato
details = Tafsilotlar
stack = Chaqiruvlar steki
trial = Sinov
trial-hint = Saqlanmagan yoki faol boʻlmagan kod bajarildi; ishchi statistikaga kirmaydi.
version-number = { $n }-versiya

unit-ms = { $n } ms
unit-s = { $n } s
unit-min-s = { $min } daq { $s } s
unit-kib = { $n } KiB
unit-mib = { $n } MiB

ago-now = hozirgina
ago-seconds = { $n } soniya oldin
ago-minutes = { $n } daqiqa oldin
ago-hours = { $n } soat oldin
ago-days = { $n } kun oldin
in-now = hozir
in-seconds = { $n } soniyadan keyin
in-minutes = { $n } daqiqadan keyin
in-hours = { $n } soatdan keyin
in-days = { $n } kundan keyin
date = { $day }-{ $month } { $year }
date-time = { $date }, { $time } UTC
month-1 = yan
month-2 = fev
month-3 = mar
month-4 = apr
month-5 = may
month-6 = iyn
month-7 = iyl
month-8 = avg
month-9 = sen
month-10 = okt
month-11 = noy
month-12 = dek
