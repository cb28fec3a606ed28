package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// maxLineBytes is the maximum size of a line, to bound memory: that of the largest message that the server reads.
	maxLineBytes = 16 << 20
	// shownCharacters is the number of characters that are shown of a line that is too long.
	shownCharacters = 60
)

// lineReader reads lines with bounded memory. Each line without its \n or \r\n is one text.
type lineReader struct {
	reader     *bufio.Reader
	number     int  // Of the last line, from 1.
	unfinished bool // The last line was too long, and its rest is not read yet.
	isUTF16    bool // The input begins with a byte order mark of UTF-16.
}

func newLineReader(input io.Reader) *lineReader {
	return &lineReader{reader: bufio.NewReader(input)}
}

// next returns the next line, or io.EOF after the last one. A line that cannot be sent has a reason.
func (l *lineReader) next() (row, error) {
	if l.unfinished {
		l.finish()
	}
	content, err := l.read()
	size := len(content)
	l.number++
	if l.number == 1 {
		l.isUTF16 = bytes.HasPrefix(content, []byte("\xff\xfe")) || bytes.HasPrefix(content, []byte("\xfe\xff"))
		content = bytes.TrimPrefix(content, []byte("\ufeff"))
	}
	if err != nil && (err != io.EOF || len(content) == 0) {
		return row{}, err
	}
	text, ended := bytes.CutSuffix(content, []byte("\n"))
	if l.unfinished = !ended && size >= maxLineBytes; l.unfinished {
		reason := fmt.Sprintf("longer than %d bytes", maxLineBytes)
		return row{number: l.number, text: firstCharacters(text, shownCharacters) + "…", reason: reason}, nil
	}
	return l.decode(bytes.TrimSuffix(text, []byte("\r"))), nil
}

// finish reads over the rest of a line that is too long.
func (l *lineReader) finish() {
	for err := bufio.ErrBufferFull; err == bufio.ErrBufferFull; {
		_, err = l.reader.ReadSlice('\n')
	}
}

// read returns the next line with its \n, or its first maxLineBytes bytes. err is nil or io.EOF, or why it failed.
func (l *lineReader) read() (content []byte, err error) {
	for {
		piece, err := l.reader.ReadSlice('\n')
		content = append(content, piece...)
		if err != bufio.ErrBufferFull {
			return content, err
		}
		if len(content) >= maxLineBytes {
			return content, nil
		}
	}
}

func (l *lineReader) decode(content []byte) row {
	hasNUL := bytes.IndexByte(content, 0) >= 0
	if utf8.Valid(content) && !hasNUL {
		text := string(content)
		return row{number: l.number, text: text, blank: isBlank(text)}
	}
	reason := "not valid UTF-8"
	if hasNUL || l.isUTF16 {
		reason += ": it looks like UTF-16; convert it first, for example with: iconv -f UTF-16 -t UTF-8"
	}
	return row{number: l.number, text: replaceInvalid(content), reason: reason}
}

// replaceInvalid replaces each invalid part of content by U+FFFD. Like other decoders, such as Python's and those of
// browsers, it takes the beginning of a character whose end is missing as one part.
func replaceInvalid(content []byte) string {
	var text strings.Builder
	for len(content) > 0 {
		r, size := utf8.DecodeRune(content)
		if r == utf8.RuneError && size == 1 {
			for size < min(len(content), utf8.UTFMax-1) && !utf8.FullRune(content[:size+1]) {
				size++
			}
		}
		text.WriteRune(r)
		content = content[size:]
	}
	return text.String()
}

func firstCharacters(content []byte, count int) string {
	characters := []rune(replaceInvalid(content[:min(len(content), utf8.UTFMax*count)]))
	return string(characters[:min(len(characters), count)])
}

func isBlank(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return !isSpace(r) }) < 0
}

// isSpace reports whether r is white space for the server, which also counts the separators U+001C to U+001F.
func isSpace(r rune) bool {
	return unicode.IsSpace(r) || '\x1c' <= r && r <= '\x1f'
}
