package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// table writes a header line, then one line for each text with the top topic of each requested level.
type table struct {
	w        io.Writer
	level    questiontopicv1.LabelLevel
	noneFrom float64 // The smallest score "none of these" that is shown.
}

func (t table) header() error {
	titles := "%-12s  %10s  %s\n"
	columns := []any{"TOPIC", "CONFIDENCE", "TEXT"}
	if t.level == questiontopicv1.LabelLevel_LABEL_LEVEL_BOTH {
		titles = "%-12s  %10s  %-12s  %10s  %s\n"
		columns = []any{"COARSE", "CONFIDENCE", "FINE", "CONFIDENCE", "TEXT"}
	}
	_, err := fmt.Fprintf(t.w, titles, columns...)
	return err
}

func (t table) row(r row) error {
	cells := topCells(r, r.prediction.GetCoarse())
	switch t.level {
	case questiontopicv1.LabelLevel_LABEL_LEVEL_FINE:
		cells = topCells(r, r.prediction.GetFine())
	case questiontopicv1.LabelLevel_LABEL_LEVEL_BOTH:
		cells += topCells(r, r.prediction.GetFine())
	}
	text := squeeze(r.text)
	if r.prediction.GetTruncated() {
		text += " [truncated]"
	}
	if score := float64(r.prediction.GetNoneOfThese()); isScored(r.prediction) && score >= t.noneFrom {
		text += fmt.Sprintf(" [none of these: %.6f]", score)
	}
	_, err := fmt.Fprintln(t.w, cells+text)
	return err
}

// isScored reports whether the prediction, which may be nil, has the score "none of these".
func isScored(prediction *questiontopicv1.Prediction) bool {
	return prediction != nil && prediction.NoneOfThese != nil
}

// topCells returns the columns of one level, with a dash in each if the row has no prediction.
func topCells(r row, topics *questiontopicv1.TopicConfidences) string {
	if r.prediction == nil {
		return fmt.Sprintf("%-12s  %10s  ", "-", "-")
	}
	return fmt.Sprintf("%-12s  %10.6f  ", topics.GetTopTopic(), topics.GetConfidences()[topics.GetTopTopic()])
}

// squeeze replaces each run of white space by one blank, so that a text stays on one line.
func squeeze(text string) string {
	var squeezed strings.Builder
	inRun := false
	for _, r := range text {
		switch {
		case !isSpace(r):
			squeezed.WriteRune(r)
		case !inRun:
			squeezed.WriteByte(' ')
		}
		inRun = isSpace(r)
	}
	return squeezed.String()
}
