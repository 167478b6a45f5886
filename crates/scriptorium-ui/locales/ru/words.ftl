# Слова предметной области.
script-type = Тип
script-type-scheduled = По расписанию
script-type-http = HTTP-точка
script-type-event = По событию
script-type-oneoff = Разовый
script-type-embedded = Встроенный
script-type-text-scheduled = Запускается сам по времени из выражения cron.
script-type-text-http = Отвечает на запросы по пути внутри /api/scripts.
script-type-text-event = Запускается, когда опубликовано событие одного из указанных типов.
script-type-text-oneoff = Запускается вручную или через API.
script-type-text-embedded = Вызывается приложением по имени.

script-status = Статус
script-status-draft = Черновик
script-status-active = Активен
script-status-paused = На паузе
script-status-disabled = Отключён
script-status-archived = В архиве

execution-status = Статус
execution-status-pending = Ожидает
execution-status-running = Выполняется
execution-status-completed = Завершено
execution-status-failed = Ошибка
execution-status-timeout = Время вышло
execution-status-cancelled = Отменено

dead-letter-status = Статус
dead-letter-status-pending = Ждёт решения
dead-letter-status-retrying = Выполняется снова
dead-letter-status-resolved = Разобрано
dead-letter-status-discarded = Отклонено
channel = Канал
channel-email = Письмо
channel-sms = SMS
channel-slack = Slack
channel-teams = Teams
channel-telegram = Telegram
notification-status = Статус
notification-status-pending = Ожидает
notification-status-sending = Отправляется
notification-status-sent = Отправлено
notification-status-recorded = Только записано
notification-status-failed = Не отправлено
notification-status-discarded = Отклонено
alert-kind = Что
alert-kind-dead_letter = Необработанные события
alert-kind-paused = Приостановлен платформой
alert-kind-circuit_open = Задержан
event-type = Тип события

trigger = Запуск
trigger-cron = Расписание
trigger-http = HTTP-запрос
trigger-event = Событие
trigger-manual = Вручную
trigger-api = API
trigger-embedded = Приложение

level-debug = отладка
level-info = инфо
level-warn = внимание
level-error = ошибка

language-javascript = JavaScript
language-typescript = TypeScript

role-superadmin = Суперадминистратор
role-org_admin = Администратор
role-developer = Разработчик
role-viewer = Наблюдатель
role-token = Токен API

tenant = Организация
source = Исходный код
input = Вход
output = Результат
dry-run = Пробный прогон
dry-run-hint = Вне запуска ничего не меняется: записи, события, сообщения и запросы перечисляются вместо выполнения.
effects = Что было бы сделано
effects-none = Ничего не изменилось бы.
effect-storage = хранилище
effect-event = событие
effect-http = запрос
effect-service = сервис
effect-db = таблица
effect-notification = сообщение
progress = Ход выполнения
progress-count = { $done } из { $total }
logs = Журнал
error = Ошибка
details = Подробности
stack = Стек вызовов
trial = Проба
trial-hint = Выполнен несохранённый или неактивный код; в рабочей статистике не учитывается.
version-number = Версия { $n }
version-gone = Версия { $n } (больше не хранится)

unit-ms = { $n } мс
unit-s = { $n } с
unit-min-s = { $min } мин { $s } с
unit-kib = { $n } КиБ
unit-mib = { $n } МиБ

ago-now = только что
ago-seconds = { $n ->
    [one] { $n } секунду назад
    [few] { $n } секунды назад
   *[other] { $n } секунд назад
}
ago-minutes = { $n ->
    [one] { $n } минуту назад
    [few] { $n } минуты назад
   *[other] { $n } минут назад
}
ago-hours = { $n ->
    [one] { $n } час назад
    [few] { $n } часа назад
   *[other] { $n } часов назад
}
ago-days = { $n ->
    [one] { $n } день назад
    [few] { $n } дня назад
   *[other] { $n } дней назад
}
in-now = сейчас
in-seconds = { $n ->
    [one] через { $n } секунду
    [few] через { $n } секунды
   *[other] через { $n } секунд
}
in-minutes = { $n ->
    [one] через { $n } минуту
    [few] через { $n } минуты
   *[other] через { $n } минут
}
in-hours = { $n ->
    [one] через { $n } час
    [few] через { $n } часа
   *[other] через { $n } часов
}
in-days = { $n ->
    [one] через { $n } день
    [few] через { $n } дня
   *[other] через { $n } дней
}
date = { $day } { $month } { $year }
date-time = { $date }, { $time } UTC
month-1 = янв.
month-2 = февр.
month-3 = марта
month-4 = апр.
month-5 = мая
month-6 = июня
month-7 = июля
month-8 = авг.
month-9 = сент.
month-10 = окт.
month-11 = нояб.
month-12 = дек.

audit-action-script-created = Скрипт создан
audit-action-script-changed = Скрипт изменён
audit-action-script-activated = Скрипт включён
audit-action-script-paused = Скрипт приостановлен
audit-action-script-disabled = Скрипт отключён
audit-action-script-archived = Скрипт в архиве
audit-action-script-drafted = Скрипт снова черновик
audit-action-script-deleted = Скрипт удалён
audit-action-script-restored = Скрипт восстановлен
audit-action-script-purged = Скрипт удалён навсегда
audit-action-version-marked = Веха изменена
audit-action-version-pruned = Версии удалены
audit-action-user-created = Пользователь добавлен
audit-action-user-changed = Пользователь изменён
audit-action-user-deleted = Пользователь удалён
audit-action-user-signed_in = Вход
audit-action-user-sign_in_failed = Неудачный вход
audit-action-user-signed_out = Выход
audit-action-session-ended = Сеансы завершены
audit-action-token-created = Токен создан
audit-action-token-revoked = Токен отозван
audit-action-template-changed = Шаблон изменён
audit-action-template-deleted = Шаблон удалён
audit-action-storage-changed = Хранилище изменено
audit-action-storage-deleted = Запись хранилища удалена
audit-action-secret-changed = Секрет изменён
audit-action-secret-deleted = Секрет удалён
audit-action-secret-used = Секрет прочитан скриптом
audit-action-service-changed = Удалённая служба изменена
audit-action-service-deleted = Удалённая служба убрана
audit-action-tenant-created = Организация добавлена
audit-action-tenant-changed = Организация изменена
audit-action-tenant-closed = Организация закрыта перед удалением
audit-action-tenant-deleted = Организация удалена
audit-action-settings-changed = Настройки изменены
audit-action-dead_letter-retried = Недоставленное событие повторено
audit-action-dead_letter-discarded = Недоставленное событие отклонено
audit-action-dead_letter-deleted = Недоставленное событие удалено
audit-action-notification-retried = Уведомление отправлено снова
audit-action-notification-discarded = Уведомление отклонено
audit-action-alert-acknowledged = Оповещение принято
audit-action-subscription-suspended = Подписка приостановлена
audit-action-subscription-resumed = Подписка возобновлена
audit-action-subscription-discarded = Отложенные события отклонены
audit-action-execution-batch = Выполнения завершены
audit-action-execution-cancelled = Выполнение отменено
audit-action-operation-started = Массовая операция начата
audit-action-operation-cancelled = Массовая операция остановлена
audit-action-execution-pruned = Выполнения удалены
audit-action-limit-exceeded = Превышен предел
audit-action-request-blocked = Запрос заблокирован
audit-action-incident-skipped = Ещё такие же события
audit-action-audit-pruned = Записи аудита удалены
audit-action-tenant-exported = Организация выгружена
audit-action-tenant-imported = Организация загружена

audit-kind-script = Скрипты
audit-kind-version = Версии
audit-kind-user = Пользователи
audit-kind-session = Сеансы
audit-kind-token = Токены
audit-kind-template = Шаблоны
audit-kind-storage = Хранилище
audit-kind-secret = Секреты
audit-kind-service = Удалённые службы
audit-kind-tenant = Организации
audit-kind-settings = Настройки
audit-kind-dead_letter = Недоставленные события
audit-kind-notification = Уведомления
audit-kind-operation = Массовые операции
audit-kind-subscription = Подписки
audit-kind-alert = Оповещения
audit-kind-execution = Выполнения
audit-kind-limit = Пределы
audit-kind-request = Заблокированные запросы
audit-kind-incident = Подсчитанные события
audit-kind-audit = Аудит

audit-actor-user = Пользователь
audit-actor-token = Токен
audit-actor-host = Приложение
audit-actor-platform = Платформа
audit-actor-stranger = Без входа
