package main

import "io"

// printer writes answers in one format: call header once, then row for every row of the input.
type printer interface {
	header() error
	row(r row) error
}

func newPrinter(chosen options, w io.Writer) printer {
	if chosen.output == "jsonl" {
		return newJSONLines(w)
	}
	return table{w, chosen.level, chosen.noneFrom}
}
