package main

import (
	"testing"

	"github.com/question-topic/question-topic/clients/go/internal/topictest"
	"github.com/question-topic/question-topic/clients/go/questiontopictest"
)

var scored = questiontopictest.WithNoneOfThese(map[string]float32{"many thank…": 0.9375}, topictest.Answer)

func TestATableMarksTextsFromTheThresholdOn(t *testing.T) {
	address := serve(t, scored)
	for flag, mark := range map[string]string{
		"--none-from=.5": " [none of these: 0.937500]", "--none-from=0.9375": " [none of these: 0.937500]",
		"--none-from=0.94": "", "--none-from=1": "", "--output=table": " [none of these: 0.937500]",
	} {
		execute(address, "", flag, "Who?", "many thank…").check(t, result{0, "" +
			"TOPIC         CONFIDENCE  TEXT\n" +
			"HUM             0.750000  Who?\n" +
			"HUM             0.750000  many thank… [truncated]" + mark + "\n", ""})
	}
}

func TestJSONLinesAlwaysHaveTheScore(t *testing.T) {
	topics := `"coarse":{"topTopic":"HUM","confidences":{"HUM":0.750000,"NUM":0.250000}},`
	execute(serve(t, scored), "", "--output=jsonl", "--none-from=1", "Who?", "many thank…").check(t, result{0, "" +
		`{"text":"Who?",` + topics + `"truncated":false,"noneOfThese":0.000000}` + "\n" +
		`{"text":"many thank…",` + topics + `"truncated":true,"noneOfThese":0.937500}` + "\n", ""})
}

func TestAModelWithoutTheScoreMarksNoText(t *testing.T) {
	execute(serve(t, topictest.Answer), "\nWho?\n", "--none-from=0").check(t, result{0, "" +
		"TOPIC         CONFIDENCE  TEXT\n" +
		"-                      -  \n" +
		"HUM             0.750000  Who?\n", ""})
}

func TestABlankLineHasNoScore(t *testing.T) {
	execute(serve(t, scored), "\n", "--none-from=0").check(t, result{0, "" +
		"TOPIC         CONFIDENCE  TEXT\n" +
		"-                      -  \n", ""})
}
