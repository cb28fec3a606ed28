package main

import (
	"context"
	"strings"
	"testing"

	"github.com/question-topic/question-topic/clients/go/internal/topictest"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

func TestTheTableHasItsExactForm(t *testing.T) {
	address := serve(t, topictest.Answer)
	for _, c := range []struct {
		level, want string
	}{
		{"coarse", "" +
			"TOPIC         CONFIDENCE  TEXT\n" +
			"NUM             0.750000  What is your salary?\n" +
			"HUM             0.750000   Qui est l'été ?\n" +
			"HUM             0.750000  Who… [truncated]\n"},
		{"fine", "" +
			"TOPIC         CONFIDENCE  TEXT\n" +
			"NUM:money       0.750000  What is your salary?\n" +
			"HUM:ind         0.750000   Qui est l'été ?\n" +
			"HUM:ind         0.750000  Who… [truncated]\n"},
		{"both", "" +
			"COARSE        CONFIDENCE  FINE          CONFIDENCE  TEXT\n" +
			"NUM             0.750000  NUM:money       0.750000  What is your salary?\n" +
			"HUM             0.750000  HUM:ind         0.750000   Qui est l'été ?\n" +
			"HUM             0.750000  HUM:ind         0.750000  Who… [truncated]\n"},
	} {
		texts := []string{"What is \n your\tsalary?", "\x1c\u3000Qui est l'été\u00a0?", "Who…"}
		execute(address, "", append([]string{"--label-level", c.level}, texts...)...).check(t, result{0, c.want, ""})
	}
}

func TestLongTopicsKeepTheBlanksAfterThem(t *testing.T) {
	address := serve(t, func(
		_ context.Context, request *questiontopicv1.PredictTopicRequest,
	) (*questiontopicv1.PredictTopicResponse, error) {
		return echo(request), nil
	})
	execute(address, "", "exactly12345", "exactly123456", "ünï").check(t, result{0, "" +
		"TOPIC         CONFIDENCE  TEXT\n" +
		"exactly12345    1.000000  exactly12345\n" +
		"exactly123456    1.000000  exactly123456\n" +
		"ünï             1.000000  ünï\n", ""})
}

func TestJSONLinesHaveTheirExactForm(t *testing.T) {
	address := serve(t, topictest.Answer)
	coarse := `"coarse":{"topTopic":"NUM","confidences":{"HUM":0.250000,"NUM":0.750000}}`
	fine := `"fine":{"topTopic":"NUM:money","confidences":{"HUM:ind":0.250000,"NUM:money":0.750000}}`
	for level, topics := range map[string]string{"coarse": coarse, "fine": fine, "both": coarse + "," + fine} {
		execute(address, "", "--output", "jsonl", "--label-level", level, "salary", "salary…").check(t, result{0, "" +
			`{"text":"salary",` + topics + `,"truncated":false}` + "\n" +
			`{"text":"salary…",` + topics + `,"truncated":true}` + "\n", ""})
	}
}

func TestJSONStringsHaveNoNeedlessEscapes(t *testing.T) {
	address := serve(t, topictest.Answer)
	text := "\"\\/<>&'\b\f\n\r\t\x00\x1b\x1f\x7f\u00e9\u2028\u2029\U0001f600\ufeff"
	want := `"\"\\/<>&'\b\f\n\r\t\u0000\u001b\u001f` + "\x7f\u00e9" + `\u2028\u2029` + "\U0001f600\ufeff" + `"`
	got := execute(address, "", "--output", "jsonl", text)
	if !strings.HasPrefix(got.stdout, `{"text":`+want+`,"coarse":`) {
		t.Errorf("got %s, want the text as %s", got.stdout, want)
	}
}

func TestConfidencesAreRoundedAndSortedByTheBytesOfTheirLabels(t *testing.T) {
	address := serve(t, func(
		context.Context, *questiontopicv1.PredictTopicRequest,
	) (*questiontopicv1.PredictTopicResponse, error) {
		return &questiontopicv1.PredictTopicResponse{Predictions: []*questiontopicv1.Prediction{{
			Coarse: &questiontopicv1.TopicConfidences{TopTopic: "b", Confidences: map[string]float32{
				"b": 0.9999996, "B:c": 1e-7, "B": 0.000123456, "é": 0.5, "a": 0.0000005, "\U0001f600": 0, "\uffee": 1,
			}},
		}}}, nil
	})
	execute(address, "", "--output=jsonl", "x").check(t, result{0, `{"text":"x","coarse":{"topTopic":"b","confidences":{` +
		`"B":0.000123,"B:c":0.000000,"a":0.000000,"b":1.000000,"é":0.500000,"` + "\uffee" + `":1.000000,"` +
		"\U0001f600" + `":0.000000}},"truncated":false}` + "\n", ""})
}
