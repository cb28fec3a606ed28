package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// jsonLabel is the line of one label.
type jsonLabel struct {
	Label       string `json:"label"`
	Description string `json:"description"`
}

// printLabels prints every label of the model and what it stands for, each coarse label before its fine ones.
func printLabels(c caller, stdout io.Writer) error {
	described, err := c.client.DescribeModel(
		context.Background(), &questiontopicv1.DescribeModelRequest{Model: c.chosen.model})
	if err != nil {
		return callError{err: err}
	}
	buffer := bufio.NewWriter(stdout)
	lines := newJSONLines(buffer)
	labels := labelsInOrder(described)
	width := len("LABEL")
	for _, label := range labels {
		width = max(width, utf8.RuneCountInString(label))
	}
	if c.chosen.output == "table" {
		fmt.Fprintf(buffer, "%-*s  %s\n", width, "LABEL", "DESCRIPTION")
	}
	for _, label := range labels {
		description := described.GetLabelDescriptions()[label]
		if c.chosen.output == "table" {
			fmt.Fprintf(buffer, "%-*s  %s\n", width, label, squeeze(description))
		} else if err := lines.encoder.Encode(jsonLabel{label, description}); err != nil {
			return err
		}
	}
	return buffer.Flush() // It also reports that an earlier line could not be written.
}

func labelsInOrder(described *questiontopicv1.DescribeModelResponse) []string {
	var labels []string
	for _, coarse := range described.GetCoarseLabels() {
		labels = append(labels, coarse)
		for _, fine := range described.GetFineLabels() {
			if fine.GetCoarse() == coarse {
				labels = append(labels, fine.GetName())
			}
		}
	}
	return labels
}
