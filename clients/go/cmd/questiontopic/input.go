package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxLineBytes is the maximum size of a line, to bound memory: that of the largest message that the server reads.
const maxLineBytes = 16 << 20

// batch is the texts of one call. lines[i] is the number of the input line, from 1, of texts[i]; lines is nil if the
// texts were arguments.
type batch struct {
	texts []string
	lines []int
}

// oneBatch yields the texts as one batch.
func oneBatch(texts []string) iter.Seq2[batch, error] {
	return func(yield func(batch, error) bool) {
		yield(batch{texts: texts}, nil)
	}
}

// readBatches yields the lines of input in batches of size; the last one may be smaller. Each line without its \n or
// \r\n is one text, and blank lines are skipped. At the first line that cannot be sent, it yields the texts before that
// line, then the error, and ends.
func readBatches(input io.Reader, size int) iter.Seq2[batch, error] {
	return func(yield func(batch, error) bool) {
		scanner := bufio.NewScanner(input)
		scanner.Buffer(nil, maxLineBytes)
		var next batch
		var failure error
		line := 0
		for failure == nil && scanner.Scan() {
			line++
			text := scanner.Text()
			switch {
			case !utf8.ValidString(text):
				failure = fmt.Errorf("line %d: not valid UTF-8", line)
			case !isBlank(text):
				next.texts = append(next.texts, text)
				next.lines = append(next.lines, line)
			}
			if len(next.texts) == size {
				if !yield(next, nil) {
					return
				}
				next = batch{}
			}
		}
		if err := scanner.Err(); errors.Is(err, bufio.ErrTooLong) {
			failure = fmt.Errorf("line %d: longer than %d bytes", line+1, maxLineBytes)
		} else if err != nil {
			failure = fmt.Errorf("line %d: %w", line+1, err)
		}
		if len(next.texts) > 0 && !yield(next, nil) {
			return
		}
		if failure != nil {
			yield(batch{}, failure)
		}
	}
}

func isBlank(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return !isSpace(r) }) < 0
}

// isSpace reports whether r is white space for the server, which also counts the separators U+001C to U+001F.
func isSpace(r rune) bool {
	return unicode.IsSpace(r) || '\x1c' <= r && r <= '\x1f'
}
