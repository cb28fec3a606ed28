// Package token knows the form of the tokens that say who calls.
package token

import "strings"

// IsValid reports whether a token can be sent: it is printable ASCII without blanks, and not empty.
func IsValid(token string) bool {
	return token != "" && strings.IndexFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}
