package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/question-topic/question-topic/clients/go/internal/topictest"
	"github.com/question-topic/question-topic/clients/go/questiontopic"
	"github.com/question-topic/question-topic/clients/go/questiontopictest"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

func TestMain(m *testing.M) {
	topictest.RunTests(m, main)
}

// result is the exit code and the output of a run.
type result struct {
	exitCode       int
	stdout, stderr string
}

// execute runs the command against the server at address.
func execute(address, stdin string, arguments ...string) result {
	var stdout, stderr bytes.Buffer
	environment := func(name string) string {
		return map[string]string{"QUESTIONTOPIC_ADDRESS": address}[name]
	}
	exitCode := run(arguments, environment, strings.NewReader(stdin), &stdout, &stderr)
	return result{exitCode, stdout.String(), stderr.String()}
}

func (r result) check(t *testing.T, want result) {
	t.Helper()
	if r != want {
		t.Errorf("got exit code %d, stdout\n%s\nstderr\n%s\nwant exit code %d, stdout\n%s\nstderr\n%s",
			r.exitCode, r.stdout, r.stderr, want.exitCode, want.stdout, want.stderr)
	}
}

func serve(t *testing.T, predict questiontopictest.Predict) string {
	t.Helper()
	return topictest.Serve(t, &questiontopictest.Service{Predict: predict})
}

// echo returns an answer in which the top topic of each text is the text itself.
func echo(request *questiontopicv1.PredictTopicRequest) *questiontopicv1.PredictTopicResponse {
	response := &questiontopicv1.PredictTopicResponse{}
	for _, text := range request.GetTexts() {
		response.Predictions = append(response.Predictions, &questiontopicv1.Prediction{
			Coarse: &questiontopicv1.TopicConfidences{TopTopic: text, Confidences: map[string]float32{text: 1}},
		})
	}
	return response
}

func TestTheProcessExitsWithItsCode(t *testing.T) {
	address := serve(t, topictest.Answer)
	for _, c := range []struct {
		arguments []string
		want      result
	}{
		{[]string{"--version"}, result{0, "questiontopic " + questiontopic.Version + "\n", ""}},
		{[]string{"-output=jsonl", "Who?"}, result{0, `{"text":"Who?","coarse":{"topTopic":"HUM","confidences":` +
			`{"HUM":0.750000,"NUM":0.250000}},"truncated":false}` + "\n", ""}},
		{[]string{"--output", "jsonl"}, result{1, "", "questiontopic: line 1: not valid UTF-8\n"}},
		{[]string{"--output", "xml"},
			result{2, "", `questiontopic: invalid value "xml" for flag -output: must be table or jsonl` + "\n"}},
	} {
		process := topictest.Command(t, c.arguments...)
		process.Env = append(process.Env, "QUESTIONTOPIC_ADDRESS="+address)
		process.Stdin = strings.NewReader("\xff\n")
		var stdout, stderr bytes.Buffer
		process.Stdout, process.Stderr = &stdout, &stderr
		if err := process.Run(); err != nil && process.ProcessState == nil {
			t.Fatal(err)
		}
		result{process.ProcessState.ExitCode(), stdout.String(), stderr.String()}.check(t, c.want)
	}
}

func TestTheCommandCallsARealServer(t *testing.T) {
	authority := topictest.NewAuthority(t)
	certificate, key := topictest.WriteCertificate(t, authority.Issue(t, "topics.test"))
	authorityFile := authority.WriteAuthority(t)
	address := topictest.StartProcess(t,
		"--tls-certificate", certificate, "--tls-key", key, "--tls-client-ca", authorityFile).Address
	flags := []string{"--tls", "--ca", authorityFile, "--cert", certificate, "--key", key, "--texts-per-call", "2"}

	input := "What is your salary?\n\nWho wrote Ulysses?\r\nWhere is Rome?\n"
	got := execute(address, input, append(flags, "--label-level", "both")...)
	lines := strings.Split(got.stdout, "\n")
	if got.exitCode != 0 || got.stderr != "" || len(lines) != 6 {
		t.Fatalf("got %+v", got)
	}
	for i, text := range []string{"TEXT", "What is your salary?", "", "Who wrote Ulysses?", "Where is Rome?"} {
		if !strings.HasSuffix(lines[i], "  "+text) {
			t.Errorf("line %d is %q, want one that ends with %q", i+1, lines[i], text)
		}
	}

	input = "Who?\n\nWhere?\n" + strings.Repeat("x", 2001) + "\n"
	got = execute(address, input, append(flags, "--output", "jsonl")...)
	if got.exitCode != 1 || strings.Count(got.stdout, "\n") != 2 ||
		!strings.HasPrefix(got.stderr, "questiontopic: INVALID_ARGUMENT: texts[1]: must ") ||
		!strings.HasSuffix(got.stderr, " (line 4)\n") {
		t.Errorf("got %+v", got)
	}
	got = execute(address, input, append(flags, "--output", "jsonl", "--on-error", "skip")...)
	if got.exitCode != 3 || strings.Count(got.stdout, `"coarse":`) != 2 || strings.Count(got.stdout, `"error":`) != 2 ||
		!strings.HasPrefix(got.stderr, "questiontopic: line 4: must ") ||
		!strings.HasSuffix(got.stderr, "\nquestiontopic: 1 of 3 texts has no answer\n") {
		t.Errorf("got %+v", got)
	}
}
