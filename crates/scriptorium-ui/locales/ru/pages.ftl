# Тексты страниц.
skip-to-content = Перейти к содержимому
nav-label = Основная навигация
nav-scripts = Скрипты
nav-executions = Выполнения
nav-audit = Аудит
user-menu = Меню пользователя
theme = Тема
theme-system = Как в системе
theme-light = Светлая
theme-dark = Тёмная
language = Язык
sign-out = Выйти
needs-script = Для работы этих страниц включите JavaScript в браузере.
filters = Фильтры
filter-from = С
filter-until = По
filter-days-hint = Целые дни, по UTC
filter-actor = Кто
filter-actor-hint = Адрес, имя токена, идентификатор или: host, platform, stranger
filter-subject = Что
filter-subject-hint = Полное имя или идентификатор
apply = Применить
pages = Страницы
first-page = Первая страница
next-page = Следующая страница
copy = Копировать
actions = Действия
actions-of = Действия: { $name }
somebody = другой пользователь
host = приложение

login-lead = Здесь пишут и запускают ваши скрипты
login-title = Вход
login-email = Эл. почта
login-password = Пароль
login-tenant = Организация
login-button = Войти

missing-title = Здесь ничего нет
missing-text = Такой страницы нет или у вас нет к ней доступа.
not-kept-title = Эта версия больше не хранится
not-kept-text = Версия { $n } удалена: ваша организация хранит только часть версий каждого скрипта. Её выполнения остаются в истории.
forbidden-title = Нет доступа
forbidden-text = У вас нет доступа к этой странице.
forbidden-needs = Для этого нужно право «{ $permission }». Обратитесь к администратору вашей организации.
busy-title = Сейчас слишком занято
busy-text = Сервер пока не может ответить. Повторите через несколько секунд.
error-title = Что-то пошло не так
error-text = Страницу не удалось показать. Причина записана в журнал сервера.
back-to-scripts = Вернуться к скриптам

scripts-title = Скрипты
scripts-new = Новый скрипт
scripts-search = Поиск скриптов
any-type = Все типы
any-tag = Все метки
any-status = Все статусы
column-name = Название
column-last-execution = Последнее выполнение
column-next-run = Следующий запуск
never = Никогда
scripts-empty-title = Напишите первый скрипт
scripts-empty-text = Скрипты расширяют вашу систему: по расписанию, как HTTP-точка, по событиям или вручную. Начните с готового примера.
no-match-title = Ничего не найдено
scripts-no-match-text = Нет скриптов, подходящих под поиск и фильтры.
clear-filters = Сбросить фильтры
action-open = Открыть
action-edit = Изменить
action-run = Запустить
action-cancel = Отменить
action-activate = Активировать
action-pause = Приостановить
action-disable = Отключить
action-archive = В архив
action-delete = Удалить
action-replay = Запустить ещё раз
action-view = Смотреть
action-compare = Сравнить
action-restore = Восстановить
moved-activate = Скрипт активирован
moved-pause = Скрипт приостановлен
moved-disable = Скрипт отключён
moved-archive = Скрипт перенесён в архив
reactivate-title = Включить снова?
reactivate-text = Кто-то отключил этот скрипт. Напишите, почему он снова нужен: причина останется в журнале аудита.
reason = Причина
delete-title = Удалить «{ $name }»?
delete-text = Он сразу перестанет запускаться. История сохранится, а сам скрипт 30 дней можно вернуть из корзины.
deleted = Скрипт удалён

starters-title = Новый скрипт
starters-text = Выберите, с чего начать. Потом можно изменить всё.
starter-oneoff = Вручную
starter-text-oneoff = Принимает вход, пишет строку в журнал, возвращает результат. Запускается из редактора или через API.
starter-scheduled = По расписанию
starter-text-scheduled = Запускается каждое утро и ведёт счётчик в хранилище.
starter-http = HTTP-точка
starter-text-http = Отвечает на запросы GET в формате JSON, с параметром в пути.
starter-event = По событию
starter-text-event = Обрабатывает событие один раз, сколько бы раз его ни доставили.
starter-embedded = Вызывается приложением
starter-text-embedded = Бизнес-правило, которое приложение вызывает по имени.
starter-blank = Пустой
starter-text-blank = Пустой файл.

script-sections = Разделы скрипта
tab-code = Код
tab-settings = Настройки
paused-because = Приостановлен платформой: { $reason }
held-back = Сдерживается: последние запуски не уложились во время или не могли быть выполнены. Каждые полминуты пробуется один; ручные запуски и новая версия не сдерживаются.
unsaved = Есть несохранённые изменения
read-only = Только чтение
change-description = Что изменено? (необязательно)
save = Сохранить
save-hint = Сохранение создаёт новую версию
conflict-text = Тем временем кто-то сохранил другую версию. Ваш текст остался здесь.
conflict-save = Сохранить мой текст как новейший
not-saved = Исправьте, пожалуйста:
run-panel = Панель запуска
name-placeholder = Название скрипта
open-execution = Открыть выполнение
logs-none-yet = Строки журнала появляются здесь по мере записи.
output-none-yet = Результат появится здесь, когда скрипт завершится.
output-none = Результата нет
logs-none = В журнал ничего не записано.
logs-dropped = { $n ->
    [one] { $n } строка не сохранена: превышен предел.
    [few] { $n } строки не сохранены: превышен предел.
   *[other] { $n } строк не сохранено: превышен предел.
}
log-levels = Уровни журнала

settings-general = Общее
settings-trigger = Запуск
settings-limits = Пределы одного выполнения
settings-rights = Права
field-run-as = Выполняется от имени
run-as-owner = Владельца
field-run-as-hint = Выполнению можно то же, что этому пользователю, и не больше, чем автору и тому, кто активировал скрипт.
field-services = Сервисы
services-all = Все сервисы
field-services-hint = Что скрипт может вызывать у приложения.
settings-metadata = Свои параметры
field-metadata = Имена и тексты
field-metadata-hint = Необязательный JSON-объект с текстами в значениях; хранится вместе со скриптом.
field-name = Название
field-description = Описание
field-tags = Метки
field-tags-hint = Через запятую
field-entry = Входная функция
field-entry-hint = Только если она не находится сама: экспорт по умолчанию, main, handleRequest или handleEvent.
field-library = Библиотека
field-library-hint = Другие скрипты организации могут использовать то, что экспортирует этот:
field-schema = Схема входных данных
field-schema-hint = Необязательная JSON-схема: неподходящее отклоняется до запуска скрипта.
field-language = Язык
field-cron = Выражение cron
field-cron-hint = минута час день месяц день_недели
field-preset = Частые расписания
preset-own = Своё выражение
preset-5-minutes = Каждые 5 минут
preset-hourly = Каждый час
preset-daily = Каждый день в 9:00
preset-weekdays = По будням в 9:00
preset-weekly = По понедельникам в 9:00
preset-monthly = Первого числа в 9:00
preset-midnight = Каждую полночь
field-timezone = Часовой пояс
field-missed = Пропущенные запуски
field-missed-hint = Что делать с запусками, время которых прошло, пока не работал ни один сервер: выполнить последний, если прошло не больше часа, или все по очереди, не больше 100.
missed-skip = Не выполнять
missed-latest = Выполнить последний
missed-all = Выполнить все
field-overlap = Если предыдущий ещё идёт
field-overlap-hint = Пропущенный запуск виден в списке вместе с причиной.
overlap-forbid = Пропустить новый
overlap-allow = Выполнять оба
overlap-replace = Отменить предыдущий
field-starts = Не раньше
field-starts-hint = В часовом поясе расписания. Необязательно.
field-ends = Не позже
field-jitter = Разброс (секунды)
field-jitter-hint = От 0 до 3600. Этот скрипт начинается позже не больше чем на столько, всегда одинаково.
field-pause-after = Приостановить после ошибок
field-pause-after-hint = От 1 до 100 ошибок подряд. Пусто — никогда.
next-runs = Следующие запуски
field-path = Путь
field-path-hint = Часть в фигурных скобках, например {"{"}year{"}"}, становится параметром.
field-methods = Методы
field-auth = Кто может вызывать
auth-required = Пользователи и токены организации
auth-signature = Кто подписал запрос
auth-public = Кто угодно
auth-public-hint = Вызвать сможет любой в сети. Проверяйте вызывающего в скрипте, например по подписи.
field-permission = Требуемое право
field-permission-hint = Право, которое нужно вызывающему помимо scripts.execute. Необязательно.
field-scheme = Вид подписи
scheme-standard = Standard Webhooks
scheme-stripe = Stripe
scheme-github = GitHub
field-scheme-hint = Подпись действует пять минут, каждый запрос принимается один раз. GitHub время не подписывает.
signing-secrets = Секреты
signing-secrets-hint = Принимаются подписи любым из них. Они хранятся зашифрованными и больше не показываются.
signing-secrets-later = Сначала сохраните скрипт, затем добавьте секрет здесь.
signing-secret-new = Секрет, как его показывает отправитель; пусто — новый
signing-secret-add = Добавить
signing-secret-remove = Удалить
signing-secret-made = Скопируйте сейчас: больше он показан не будет.
field-rate = Вызовов в минуту
field-rate-hint = От 1 до 6000. Пусто — предел организации.
field-caller-rate = Вызовов в минуту от одного
field-caller-rate-hint = От 1 до 6000. Один — это пользователь, токен или адрес. Пусто — без предела.
field-cache = Хранить ответы (секунд)
field-cache-hint = Столько времени ответ на GET может хранить тот, кто его получил. Пусто — не хранить.
field-origins = Страницы, которым видны ответы
field-origins-hint = Источники, например https://shop.example.com, по одному в строке; * — все. Данные входа браузера не передаются никогда.
field-before = До скрипта
field-after = После скрипта
field-around-hint = Имена библиотек, по одному в строке. Они экспортируют функцию before(req, ctx) или after(res, req, ctx).
call-it = Как вызвать
endpoint-document = Что принимают и отвечают все адреса организации
field-events = Типы событий
field-events-hint = По одному в строке, например order.created
field-filter = Фильтр
field-filter-hint = Необязательный JSON: field, op и value, или несколько таких в all или any.
field-priority = Приоритет
field-priority-hint = От 0 до 100; больший начинает первым.
field-attempts = Попытки
field-attempts-hint = Сколько раз всего пробовать одно событие, от 1 до 10.
field-order = По порядку
field-order-hint = Необязательно: key или член данных, например order.client_id. События с одинаковым значением выполняются одно за другим, в порядке публикации.
limit-wall_ms = Время (мс)
limit-cpu_ms = Время ЦП (мс)
limit-memory_bytes = Память (МиБ)
limit-output_bytes = Результат (КиБ)
limit-api_calls = Вызовы API
limit-service_calls = Вызовы сервисов
limit-concurrency = Одновременно
time-limit = Предел времени

executions-title = Выполнения
executions-search = Поиск выполнений
any-script = Все скрипты
any-trigger = Все способы запуска
column-script = Скрипт
column-version = Версия
column-started = Начало
column-duration = Длительность
executions-empty-title = Выполнений пока нет
executions-empty-text = Здесь записывается каждый запуск скрипта: вход, результат и журнал.
executions-no-match-text = Нет выполнений, подходящих под поиск и фильтры.
open-in-editor = Открыть в редакторе
cancel-asked = Запрошена отмена
replayed = Запущено ещё раз с тем же входом
code-frame = Исходный код вокруг ошибки
fact-trigger = Запуск
fact-version = Версия
fact-created = Создано
fact-by = Кем запущено
fact-queued = В очереди
fact-duration = Длительность
fact-elapsed = Выполняется
fact-cpu = Время ЦП
fact-memory = Пик памяти
fact-calls = Вызовы API
fact-attempt = Попытка
fact-replay-of = Повторяет
fact-run-after = Не раньше
fact-expires = Истекает
fact-retry-of = Повтор после ошибки
original = исходное выполнение

versions-title = Версии
no-description = Без описания
current = Текущая
changed-code = Код
changed-trigger = Запуск
changed-limits = Пределы
changed-details = Описание
changed-rights = Права
restore-title = Восстановить версию { $n }?
restore-text = Её код и настройки станут версией { $next }. Ничего не потеряется.
restored = Версия { $n } восстановлена
restore-version = Восстановить версию { $n }
milestone-mark = Назвать
milestone-rename = Переименовать
milestone-title = Сделать версию { $n } вехой
milestone-text = Версия с именем никогда не удаляется при очистке.
milestone-name = Имя
milestone-marked = Версия { $n } теперь веха
milestone-take-title = Убрать имя версии { $n }?
milestone-take-text = Она станет обычной версией и может быть удалена при очистке.
milestone-take = Убрать имя
milestone-taken = Версия { $n } теперь обычная
milestones-only = Вехи
milestones-all = Все версии
milestones-empty = Ни у одной версии пока нет имени.
compare-from = Сравнить
compare-to = и
diff-view = Вид
diff-split = Рядом
diff-unified = Подряд
changed-settings = Изменённые настройки
setting = Настройка
changed-source = Изменения в коде
same-source = Код в обеих версиях одинаков.
lines-same = { $n ->
    [one] { $n } строка без изменений
    [few] { $n } строки без изменений
   *[other] { $n } строк без изменений
}

draft-restore = Восстановить
draft-discard = Удалить черновик
conflict-compare = Показать различия
conflict-take = Взять чужую версию
conflict-sides = Чужая версия (слева) и ваша (справа)
close = Закрыть

trash-title = Корзина
trash-text = Удалённые скрипты хранятся здесь 30 дней. Их имена и пути тем временем свободны.
trash-empty = Корзина пуста
column-deleted = Удалён
column-deleted-by = Кем
action-purge = Удалить навсегда
purge-title = Удалить «{ $name }» навсегда?
purge-text = Вместе с ним исчезнут его версии, черновики и выполнения. Отменить это нельзя.
purged = Скрипт удалён навсегда
untrashed = Скрипт восстановлен

dead-letters-title = Необработанные события
dead-letters-text = События, с которыми скрипт не справился. То, что ждёт, выполнится снова по вашему решению; решённое удаляется через 30 дней.
dead-letters-empty = Необработанных событий нет
dead-letters-no-match-text = Нет необработанных событий, подходящих под фильтры.
letter-attempts = Попытки
letter-failed = Время ошибки
letter-event = Событие
letter-payload = Данные
letter-edit = Изменить данные перед повтором
letter-edit-hint = JSON. Изменённое используется для этого повтора; запись хранит данные самого события.
letter-last-retry = Последний повтор
action-retry = Попробовать снова
letter-retried = Выполняется снова
action-discard = Отклонить
letter-discard-title = Отклонить это событие?
letter-discard-text = Больше его никто не попробует выполнить. Запись хранится 30 дней.
letter-discarded = Отклонено
letter-delete-title = Удалить это необработанное событие?
letter-delete-text = Вместе с ним исчезнут его данные. Отменить это нельзя.
letter-deleted = Необработанное событие удалено
letters-retry = { $n ->
    [one] Попробовать снова { $n }
    [few] Попробовать снова { $n }
   *[other] Попробовать снова { $n }
}
letters-retry-title = { $n ->
    [one] Попробовать снова { $n } событие?
    [few] Попробовать снова { $n } события?
   *[other] Попробовать снова { $n } событий?
}
letters-retry-text = Сначала самые старые. События неактивных скриптов остаются.
letters-retried = Выполняется снова

sample-choose = Запустить с записанным событием…

nav-alerts = Оповещения
alerts-title = Оповещения
alerts-text = То, на что стоит взглянуть. Одно и то же об одном скрипте — одно оповещение с числом, пока кто-нибудь не скажет, что знает.
alerts-empty = Смотреть не на что
alerts-show-all = Показать и принятые
alerts-show-open = Показать открытые
alert-count = Раз
alert-first = Впервые
alert-last = Последний раз
alert-acknowledge = Принято к сведению
alert-acknowledged = Принято
alerts-open = { $n ->
    [one] { $n } непринятое оповещение
    [few] { $n } непринятых оповещения
   *[other] { $n } непринятых оповещений
}

subscription-title = Подписка
subscription-suspended = Приостановлена: события откладываются с
subscription-resuming = Возобновляется: отложенные события доставляются; приостановлена
action-suspend = Приостановить
suspend-title = Приостановить эту подписку?
suspend-text = События будут откладываться и ждать вас. То, что выполняется, продолжится.
suspend-reason = Причина
suspended-toast = Подписка приостановлена
action-resume = Возобновить
action-resume-slowly = Возобновить, 60 в минуту
resumed-toast = Отложенные события доставляются
action-discard-all = Отклонить все
parked-count = { $n ->
    [one] Отложено { $n } событие
    [few] Отложено { $n } события
   *[other] Отложено { $n } событий
}
parked-discard-title = Отклонить это событие?
parked-discard-all-title = { $n ->
    [one] Отклонить { $n } отложенное событие?
    [few] Отклонить { $n } отложенных события?
   *[other] Отклонить { $n } отложенных событий?
}
parked-discard-text = Скрипт его не получит. Причина останется в записях.

audit-title = Аудит
audit-export = Выгрузить
audit-search = Поиск в аудите
any-action = Все действия
audit-with-executions = С выполнениями
audit-empty-title = Пока ничего не записано
audit-empty-text = Здесь записывается каждое изменение скриптов, людей, токенов и настроек.
audit-no-match-text = Нет записей, подходящих под поиск и фильтры.
column-when = Когда
column-actor = Кто
column-action = Что
column-origin = Откуда
audit-member = Часть
audit-before = Было
audit-after = Стало
audit-more = Есть ещё; в выгрузке всё полностью.

tenant-title = Настройки
tenant-saved = Настройки сохранены
tenant-read-only = Изменять это могут только администраторы.
tenant-versions = Версии скриптов
tenant-versions-text = Хранятся все версии, если нет ограничения. Текущая версия и вехи остаются всегда.
tenant-versions-shorter = Версии сверх нового ограничения удаляются в течение часа. Это нельзя отменить.
tenant-max_count = Не больше
tenant-max_count-hint = Версий одного скрипта, от 1 до 10 000. Пусто — сколько угодно.
tenant-max_age_days = Не старше
tenant-max_age_days-hint = Дней, от 1 до 3650. Пусто — любого возраста.
tenant-retention = История
tenant-retention-text = Завершённое удаляется, когда выходит срок. Ожидающее и выполняемое остаётся.
tenant-retention-shorter = Всё, что старше нового срока, удаляется в течение часа. Это нельзя отменить.
tenant-execution_days = Выполнения
tenant-execution_days-hint = Дней, от 30 до 730
tenant-log_days = Строки журнала
tenant-log_days-hint = Дней, от 30, не дольше выполнений
tenant-event_days = События
tenant-event_days-hint = Дней, от 30 до 730
tenant-audit_days = Журнал аудита
tenant-audit_days-hint = Дней, от 90 до 3650, не меньше, чем для выполнений

halts-title = Остановки
halts-text = Запуски остановленного вида не начинаются. Расписания, события и очередь ждут и продолжаются потом; запросы в это время отклоняются.
halt-state = Состояние
halt-on = Остановлено
halt-off = Работает
halt-reason = Причина
halt-ask = Пока вы не снимете остановку, ничего этого вида не начнётся. Уже идущее продолжится.
halt-stop-ask = Пока вы не снимете остановку, ничего этого вида не начнётся, а уже идущее будет отменено.
halt-by-operator = оператором
halt-made = Остановлено
halt-lifted = Запуски снова начинаются
halt-more = Остановки
halt-notice = Запуски остановлены: { $reason }
halt-notice-some = Часть запусков остановлена: { $reason }
halt-notice-platform = Платформа на обслуживании, запуски ждут: { $reason }
halt-trigger-any = Все виды запуска
halt-trigger-cron = Расписания
halt-trigger-http = HTTP-запросы
halt-trigger-event = События
halt-trigger-manual = Запуски вручную
halt-trigger-api = Вызовы API
halt-trigger-embedded = Вызовы приложения
action-halt = Остановить
action-halt-stop = Остановить и отменить
action-lift = Снять

action-replay-edited = Изменить и запустить снова
run-repeats = Повторяет
run-not-allowed = У вас нет права запускать этот скрипт.
run-input-as = Ввод как
run-as-form = Форма
run-json = Входные данные в JSON
run-no-schema = Здесь появится форма, когда у скрипта есть схема входных данных или его входная функция указывает тип первого параметра.
run-refused = Исправьте, пожалуйста:
run-timeout = Не дольше, в секундах
run-timeout-hint = Короче собственного предела скрипта, только для этого запуска.
run-result = Результат
run-none-yet = Здесь появится ход работы скрипта, как только он начнётся.

operations-title = Массовые операции
operation = Операция
operations-empty = Массовых операций ещё не было
operations-empty-text = Сузьте список выполнений фильтрами, затем повторите или отмените все.
operation-title-cancel = Отмена многих
operation-title-replay = Повтор многих
operation-text-cancel = Все подходящие выполнения, которые ждут или идут сейчас, будут остановлены. Начатое позже не затрагивается.
operation-text-replay = Все подходящие завершённые выполнения повторятся с теми же входными данными в нынешней версии своих скриптов. Их действия будут настоящими.
operation-start-cancel = Отменить их
operation-start-replay = Повторить их
operation-limit = Не больше
operation-limit-hint = Сначала самые старые.
operation-rate = В минуту
operation-rate-hint = Если пусто — как можно быстрее.
operation-at-once = как можно быстрее
operation-back = Назад к списку
operation-stop = Остановить операцию
operation-stopped = Операция остановлена
operation-made = Её выполнения
operation-ended = Завершена
operation-problems = Что не удалось
operation-not-done = Не удалось
operation-state-running = Идёт
operation-state-done = Выполнена
operation-state-cancelled = Отменена
operation-state-stopped = Остановлена
operation-reason-principal_gone = Того, кто её начал, больше нет.
operation-reason-permission_denied = Тот, кто её начал, больше не вправе запускать скрипты.
filter-before = До
many-replay = Повторить все…
many-cancel = Отменить все…
executions-of-operation = Выполнения массовой операции
fact-operation = Операция
operation-matched = { $n ->
    [one] Подходит { $n } выполнение
    [few] Подходят { $n } выполнения
   *[other] Подходит { $n } выполнений
}
operation-matched-more = Подходит больше { $n } выполнений
operation-per-minute = { $n } в минуту
operation-failed = не удалось: { $n }
effects-dropped = и ещё { $n }
