package model

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Answer has a text's confidences in the manifest's order of labels; Fine is empty if the model has no fine labels.
type Answer struct {
	Coarse, Fine []float32
	Truncated    bool
}

// unpack reads so many rows of coarse confidences, fine ones and a number above 0 if the text was cut.
func unpack(content []byte, count, coarse, fine int) ([]Answer, error) {
	width := coarse + fine + 1
	if len(content) != 4*count*width {
		return nil, fmt.Errorf("the model answered %d bytes where %d were due", len(content), 4*count*width)
	}
	numbers := make([]float32, count*width)
	for i := range numbers {
		numbers[i] = math.Float32frombits(binary.NativeEndian.Uint32(content[4*i:]))
	}
	answers := make([]Answer, count)
	for i := range answers {
		row := numbers[i*width : (i+1)*width]
		answers[i] = Answer{Coarse: row[:coarse], Fine: row[coarse : coarse+fine], Truncated: row[width-1] > 0}
	}
	return answers, nil
}
