package main

import (
	"fmt"
	"io"
	"iter"

	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// row is one text of the input, and its answer: the prediction or the reason why it has none. A blank line has neither,
// and is not sent.
type row struct {
	number     int // From 1.
	text       string
	blank      bool
	reason     string
	prediction *questiontopicv1.Prediction
}

// batch is the texts of one call.
type batch struct {
	unit string // What a row's number counts: text for arguments, line for standard input.
	rows []row
}

// open returns the rows that need a call.
func (b batch) open() []*row {
	var open []*row
	for i := range b.rows {
		if r := &b.rows[i]; !r.blank && r.reason == "" {
			open = append(open, r)
		}
	}
	return open
}

// oneBatch yields the texts as one batch.
func oneBatch(texts []string) iter.Seq2[batch, error] {
	return func(yield func(batch, error) bool) {
		only := batch{unit: "text"}
		for i, text := range texts {
			only.rows = append(only.rows, row{number: i + 1, text: text})
		}
		yield(only, nil)
	}
}

// readBatches yields the lines of input in batches of chosen.textsPerCall; the last one may be smaller. At the first
// line that cannot be read, or cannot be sent if chosen.skip is false, it yields the lines before that line, then the
// error, and ends.
func readBatches(input io.Reader, chosen options) iter.Seq2[batch, error] {
	return func(yield func(batch, error) bool) {
		lines := newLineReader(input)
		next := batch{unit: "line"}
		var failure error
		for failure == nil {
			line, err := lines.next()
			switch {
			case err == io.EOF:
				failure = err
			case err != nil:
				failure = fmt.Errorf("line %d: %w", lines.number, err)
			case line.reason != "" && !chosen.skip:
				failure = fmt.Errorf("line %d: %s", line.number, line.reason)
			case !line.blank || !chosen.skipBlank:
				next.rows = append(next.rows, line)
			}
			if len(next.rows) == chosen.textsPerCall || len(next.rows) > 0 && failure != nil {
				if !yield(next, nil) {
					return
				}
				next.rows = nil
			}
		}
		if failure != io.EOF {
			yield(batch{}, failure)
		}
	}
}
