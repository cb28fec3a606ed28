package main

import (
	"io"

	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// printer writes answers in one format: call header once, then row for every row of the input.
type printer interface {
	header() error
	row(r row) error
}

func newPrinter(format string, level questiontopicv1.LabelLevel, w io.Writer) printer {
	if format == "jsonl" {
		return newJSONLines(w)
	}
	return table{w, level}
}
