package main

import (
	"encoding/json"
	"io"
	"strconv"

	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// jsonLines writes one JSON object on each line, without a header.
type jsonLines struct {
	encoder *json.Encoder
}

func newJSONLines(w io.Writer) jsonLines {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return jsonLines{encoder}
}

// jsonRow defines the keys of a line and their order. A level or a score that the answer does not have is left out.
type jsonRow struct {
	Text        string      `json:"text"`
	Coarse      *jsonTopics `json:"coarse,omitempty"`
	Fine        *jsonTopics `json:"fine,omitempty"`
	Truncated   bool        `json:"truncated"`
	NoneOfThese *confidence `json:"noneOfThese,omitempty"`
}

// jsonError is the line of a text without an answer.
type jsonError struct {
	Text  string `json:"text"`
	Error string `json:"error"`
}

// jsonTopics is one level of an answer. The encoder sorts the labels by their bytes.
type jsonTopics struct {
	TopTopic    string                `json:"topTopic"`
	Confidences map[string]confidence `json:"confidences"`
}

// confidence is a number that is written with six decimals, as in the table.
type confidence float32

func (c confidence) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(c), 'f', 6, 64), nil
}

func (jsonLines) header() error {
	return nil
}

func (j jsonLines) row(r row) error {
	switch {
	case r.blank:
		return j.encoder.Encode(jsonError{r.text, "blank"})
	case r.reason != "":
		return j.encoder.Encode(jsonError{r.text, r.reason})
	}
	return j.encoder.Encode(jsonRow{
		Text:        r.text,
		Coarse:      newJSONTopics(r.prediction.GetCoarse()),
		Fine:        newJSONTopics(r.prediction.GetFine()),
		Truncated:   r.prediction.GetTruncated(),
		NoneOfThese: (*confidence)(r.prediction.NoneOfThese),
	})
}

func newJSONTopics(topics *questiontopicv1.TopicConfidences) *jsonTopics {
	if topics == nil {
		return nil
	}
	confidences := make(map[string]confidence, len(topics.GetConfidences()))
	for label, value := range topics.GetConfidences() {
		confidences[label] = confidence(value)
	}
	return &jsonTopics{topics.GetTopTopic(), confidences}
}
