// Package notify tells people how a run ended: by a command, which gets the message as
// JSON on its standard input, and by a webhook, to which it is posted; its field text
// is what Slack and its likes show. Each is tried again, for a bounded time, and that
// nobody could be told is logged: it never makes a run fail.
package notify
