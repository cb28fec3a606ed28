package main

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/question-topic/question-topic/clients/go/internal/topictest"
)

const utf16 = "not valid UTF-8: it looks like UTF-16; convert it first, for example with: iconv -f UTF-16 -t UTF-8"

func TestTheByteOrderMarkIsLeftOut(t *testing.T) {
	address := serve(t, topictest.Answer)
	execute(address, "\ufeffsalary\n\ufeffWho?\n").check(t, result{0, "" +
		"TOPIC         CONFIDENCE  TEXT\n" +
		"NUM             0.750000  salary\n" +
		"HUM             0.750000  \ufeffWho?\n", ""})
	for _, empty := range []string{"", "\ufeff"} {
		execute(address, empty, "--output", "jsonl").check(t, result{0, "", ""})
	}
	execute(address, "\ufeff\n", "--output", "jsonl").check(t, result{0, `{"text":"","error":"blank"}` + "\n", ""})
}

func TestInputInUTF16IsNamed(t *testing.T) {
	address := serve(t, topictest.Answer)
	for input, want := range map[string]string{
		"\xff\xfeW\x00h\x00o\x00?\x00\n\x00": "line 1: " + utf16, // With a mark.
		"\xfe\xff\x00W\x00h\x00o\x00?\x00\n": "line 1: " + utf16,
		"\xff\xfe\xa8\x60\n":                 "line 1: " + utf16,
		"W\x00h\x00o\x00?\x00\n\x00":         "line 1: " + utf16, // Without a mark.
		"\x00W\x00h\x00o\x00?\x00\n":         "line 1: " + utf16,
		"Who\xff\xfe?\n":                     "line 1: not valid UTF-8",
	} {
		execute(address, input, "--output", "jsonl").check(t, result{1, "", "questiontopic: " + want + "\n"})
	}
}

// endless is a line without an end, of which it counts what was read.
type endless struct {
	read, limit int
}

func (e *endless) Read(p []byte) (int, error) {
	if e.read >= e.limit {
		p[0] = '\n'
		return 1, fmt.Errorf("read %d bytes", e.read)
	}
	for i := range p {
		p[i] = 'x'
	}
	e.read += len(p)
	return len(p), nil
}

func TestALineThatIsTooLongNeedsLittleMemory(t *testing.T) {
	const size = 40 * maxLineBytes
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	lines := newLineReader(&endless{limit: size})
	first, err := lines.next()
	if err != nil || first.text != strings.Repeat("x", 60)+"…" {
		t.Errorf("got %q, %v", first.text, err)
	}
	if _, err = lines.next(); err == nil || err.Error() != fmt.Sprintf("read %d bytes", size) {
		t.Errorf("got %v, want the error of the input", err)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 8*maxLineBytes {
		t.Errorf("reading over %d bytes allocated %d", size, used)
	}
}
