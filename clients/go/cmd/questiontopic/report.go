package main

import (
	"fmt"
	"io"
	"os"
)

// report tells on standard error which texts have no answer.
type report struct {
	stderr            io.Writer
	texts, unanswered int
}

// add counts the texts of an answered batch, and writes why a text has no answer.
func (r *report) add(b batch) {
	for _, counted := range b.rows {
		if !counted.blank {
			r.texts++
		}
		if counted.reason != "" {
			r.unanswered++
			note(r.stderr, fmt.Sprintf("%s %d: %s", b.unit, counted.number, counted.reason))
		}
	}
}

// end writes how many texts have no answer, and returns the exit code of a run without another failure.
func (r *report) end() int {
	if r.unanswered == 0 {
		return exitAnswered
	}
	verb := "have"
	if r.unanswered == 1 {
		verb = "has"
	}
	note(r.stderr, fmt.Sprintf("%d of %d texts %s no answer", r.unanswered, r.texts, verb))
	return exitUnanswered
}

// hintAtFile says how to classify the lines of a file if the only text is its name.
func hintAtFile(stderr io.Writer, texts []string) {
	if len(texts) != 1 {
		return
	}
	if file, err := os.Stat(texts[0]); err == nil && file.Mode().IsRegular() {
		note(stderr, fmt.Sprintf("%[1]s is a file; to classify its lines: questiontopic < %[1]s", texts[0]))
	}
}
