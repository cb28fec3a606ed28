package commandflag

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"

	"github.com/question-topic/question-topic/clients/go/internal/token"
)

// Token has the flag that names the file of the token that says who calls.
type Token struct {
	name string // Of the flag.
	path string
}

// NewToken adds the flag to a set. Its name begins with prefix.
func NewToken(flags *flag.FlagSet, prefix string) *Token {
	t := &Token{name: prefix + "token-file"}
	flags.StringVar(&t.path, t.name, "", "")
	return t
}

// Given reports whether there is a file.
func (t *Token) Given() bool {
	return t.path != ""
}

// Read returns a function that gives the token in the file, nil without the flag. The file is read for each call. While
// it has no token, as in the moment of a change, the function gives the last one. changed is told of another token with
// nil, and once of an error.
func (t *Token) Read(changed func(error)) (func() string, error) {
	if t.path == "" {
		return nil, nil
	}
	last, err := t.read()
	if err != nil {
		return nil, err
	}
	var mutex sync.Mutex
	var failed bool
	return func() string {
		mutex.Lock()
		defer mutex.Unlock()
		newest, err := t.read()
		if err == nil && newest != last || err != nil && !failed {
			changed(err)
		}
		if failed = err != nil; !failed {
			last = newest
		}
		return last
	}, nil
}

func (t *Token) read() (string, error) {
	content, err := os.ReadFile(t.path)
	if err != nil {
		var cause *fs.PathError
		if errors.As(err, &cause) {
			err = cause.Err
		}
		return "", fmt.Errorf("--%s: cannot read %s: %w", t.name, t.path, err)
	}
	return TokenOf(string(content), fmt.Sprintf("--%s: %s", t.name, t.path))
}

// TokenOf returns the token that a text is. The error names the source of the text, and does not repeat the text.
func TokenOf(text, source string) (string, error) {
	trimmed := strings.Trim(text, " \t\r\n")
	if !token.IsValid(trimmed) {
		return "", fmt.Errorf("%s: must be one token: printable ASCII without blanks", source)
	}
	return trimmed, nil
}
