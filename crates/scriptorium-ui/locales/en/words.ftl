# Words of the domain, as the glossary defines them.
script-type = Type
script-type-scheduled = Scheduled
script-type-http = HTTP endpoint
script-type-event = Event
script-type-oneoff = One-off
script-type-embedded = Embedded
script-type-text-scheduled = Runs by itself at the times of a cron expression.
script-type-text-http = Answers requests to a path below /api/scripts.
script-type-text-event = Runs when an event of a listed type is published.
script-type-text-oneoff = Runs when somebody starts it by hand or through the API.
script-type-text-embedded = Is called by the host application by its name.

script-status = Status
script-status-draft = Draft
script-status-active = Active
script-status-paused = Paused
script-status-disabled = Disabled
script-status-archived = Archived

execution-status = Status
execution-status-pending = Pending
execution-status-running = Running
execution-status-completed = Completed
execution-status-failed = Failed
execution-status-timeout = Timed out
execution-status-cancelled = Cancelled

dead-letter-status = Status
dead-letter-status-pending = Waiting for you
dead-letter-status-retrying = Running again
dead-letter-status-resolved = Resolved
dead-letter-status-discarded = Discarded
channel = Channel
channel-email = E-mail
channel-sms = SMS
channel-slack = Slack
channel-teams = Teams
channel-telegram = Telegram
notification-status = Status
notification-status-pending = Waiting
notification-status-sending = Being sent
notification-status-sent = Sent
notification-status-recorded = Recorded only
notification-status-failed = Failed
notification-status-discarded = Discarded
alert-kind = What
alert-kind-dead_letter = Dead letters
alert-kind-paused = Paused by the platform
alert-kind-circuit_open = Held back
event-type = Event type

trigger = Trigger
trigger-cron = Schedule
trigger-http = HTTP request
trigger-event = Event
trigger-manual = By hand
trigger-api = API
trigger-embedded = Host

level-debug = debug
level-info = info
level-warn = warning
level-error = error

language-javascript = JavaScript
language-typescript = TypeScript

role-superadmin = Superadmin
role-org_admin = Administrator
role-developer = Developer
role-viewer = Viewer
role-token = API token

tenant = Tenant
source = Source
input = Input
output = Output
dry-run = Dry run
dry-run-hint = Nothing outside of the run is changed: writes, events, messages and requests are listed instead.
effects = What it would have done
effects-none = It would have changed nothing.
effect-storage = storage
effect-event = event
effect-http = request
effect-service = service
effect-db = table
effect-notification = message
progress = Progress
progress-count = { $done } of { $total }
logs = Log
error = Error
details = Details
stack = Stack
trial = Trial
trial-hint = Ran unsaved or inactive code; does not count as production.
version-number = Version { $n }
version-gone = Version { $n } (no longer kept)

unit-ms = { $n } ms
unit-s = { $n } s
unit-min-s = { $min } min { $s } s
unit-kib = { $n } KiB
unit-mib = { $n } MiB

ago-now = just now
ago-seconds = { $n ->
    [one] { $n } second ago
   *[other] { $n } seconds ago
}
ago-minutes = { $n ->
    [one] { $n } minute ago
   *[other] { $n } minutes ago
}
ago-hours = { $n ->
    [one] { $n } hour ago
   *[other] { $n } hours ago
}
ago-days = { $n ->
    [one] { $n } day ago
   *[other] { $n } days ago
}
in-now = now
in-seconds = { $n ->
    [one] in { $n } second
   *[other] in { $n } seconds
}
in-minutes = { $n ->
    [one] in { $n } minute
   *[other] in { $n } minutes
}
in-hours = { $n ->
    [one] in { $n } hour
   *[other] in { $n } hours
}
in-days = { $n ->
    [one] in { $n } day
   *[other] in { $n } days
}
date = { $day } { $month } { $year }
date-time = { $date }, { $time } UTC
month-1 = Jan
month-2 = Feb
month-3 = Mar
month-4 = Apr
month-5 = May
month-6 = Jun
month-7 = Jul
month-8 = Aug
month-9 = Sep
month-10 = Oct
month-11 = Nov
month-12 = Dec

audit-action-script-created = Script created
audit-action-script-changed = Script changed
audit-action-script-activated = Script activated
audit-action-script-paused = Script paused
audit-action-script-disabled = Script disabled
audit-action-script-archived = Script archived
audit-action-script-drafted = Script made a draft
audit-action-script-deleted = Script deleted
audit-action-script-restored = Script restored
audit-action-script-purged = Script deleted for ever
audit-action-version-marked = Milestone changed
audit-action-version-pruned = Versions removed
audit-action-user-created = User added
audit-action-user-changed = User changed
audit-action-user-deleted = User deleted
audit-action-user-signed_in = Signed in
audit-action-user-sign_in_failed = Sign-in failed
audit-action-user-signed_out = Signed out
audit-action-session-ended = Sessions ended
audit-action-token-created = Token created
audit-action-token-revoked = Token revoked
audit-action-template-changed = Template changed
audit-action-template-deleted = Template deleted
audit-action-storage-changed = Storage changed
audit-action-storage-deleted = Storage entry deleted
audit-action-secret-changed = Secret changed
audit-action-secret-deleted = Secret deleted
audit-action-secret-used = Secret read by a script
audit-action-service-changed = Remote service changed
audit-action-service-deleted = Remote service removed
audit-action-tenant-created = Tenant added
audit-action-tenant-changed = Tenant changed
audit-action-tenant-closed = Tenant shut for deletion
audit-action-tenant-deleted = Tenant deleted
audit-action-settings-changed = Settings changed
audit-action-dead_letter-retried = Dead letter retried
audit-action-dead_letter-discarded = Dead letter discarded
audit-action-dead_letter-deleted = Dead letter deleted
audit-action-notification-retried = Notification sent again
audit-action-notification-discarded = Notification discarded
audit-action-alert-acknowledged = Alert acknowledged
audit-action-subscription-suspended = Subscription suspended
audit-action-subscription-resumed = Subscription resumed
audit-action-subscription-discarded = Parked events discarded
audit-action-execution-batch = Executions ended
audit-action-execution-cancelled = Execution cancelled
audit-action-operation-started = Bulk operation begun
audit-action-operation-cancelled = Bulk operation stopped
audit-action-execution-pruned = Executions removed
audit-action-limit-exceeded = Limit exceeded
audit-action-request-blocked = Request blocked
audit-action-incident-skipped = More of the same
audit-action-audit-pruned = Audit entries removed
audit-action-tenant-exported = Tenant exported
audit-action-tenant-imported = Tenant imported

audit-kind-script = Scripts
audit-kind-version = Versions
audit-kind-user = Users
audit-kind-session = Sessions
audit-kind-token = Tokens
audit-kind-template = Templates
audit-kind-storage = Storage
audit-kind-secret = Secrets
audit-kind-service = Remote services
audit-kind-tenant = Tenants
audit-kind-settings = Settings
audit-kind-dead_letter = Dead letters
audit-kind-notification = Notifications
audit-kind-operation = Bulk operations
audit-kind-subscription = Subscriptions
audit-kind-alert = Alerts
audit-kind-execution = Executions
audit-kind-limit = Limits
audit-kind-request = Blocked requests
audit-kind-incident = Counted events
audit-kind-audit = Audit

audit-actor-user = A user
audit-actor-token = A token
audit-actor-host = Host
audit-actor-platform = Platform
audit-actor-stranger = Not signed in
