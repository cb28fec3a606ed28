package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/question-topic/question-topic/clients/go/internal/topictest"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// refuseBad answers like topictest.Answer, but refuses each text with the word bad.
func refuseBad(
	ctx context.Context, request *questiontopicv1.PredictTopicRequest,
) (*questiontopicv1.PredictTopicResponse, error) {
	found := &errdetails.BadRequest{}
	for i, text := range request.GetTexts() {
		if strings.Contains(text, "bad") {
			found.FieldViolations = append(found.FieldViolations, &errdetails.BadRequest_FieldViolation{
				Field: fmt.Sprintf("texts[%d]", i), Description: "must be good, not\n" + text})
		}
	}
	if len(found.GetFieldViolations()) == 0 {
		return topictest.Answer(ctx, request)
	}
	refused, err := status.New(codes.InvalidArgument, "refused").WithDetails(found)
	if err != nil {
		return nil, err
	}
	return nil, refused.Err()
}

func TestABlankLineHasAnAnswerOfItsOwn(t *testing.T) {
	address := serve(t, refuseBad)
	input := "\nsalary\n \t\u3000\r\n\n\x1cWho?"
	execute(address, input).check(t, result{0, "" +
		"TOPIC         CONFIDENCE  TEXT\n" +
		"-                      -  \n" +
		"NUM             0.750000  salary\n" +
		"-                      -   \n" +
		"-                      -  \n" +
		"HUM             0.750000   Who?\n", ""})
	execute(address, "\nsalary\n", "--label-level", "both").check(t, result{0, "" +
		"COARSE        CONFIDENCE  FINE          CONFIDENCE  TEXT\n" +
		"-                      -  -                      -  \n" +
		"NUM             0.750000  NUM:money       0.750000  salary\n", ""})
	execute(address, " \t\u3000\r\n\n", "--output", "jsonl", "--texts-per-call", "1").check(t, result{0, "" +
		`{"text":" \t` + "\u3000" + `","error":"blank"}` + "\n" + `{"text":"","error":"blank"}` + "\n", ""})
	execute(address, input, "--skip-blank").check(t, result{0, "" +
		"TOPIC         CONFIDENCE  TEXT\n" +
		"NUM             0.750000  salary\n" +
		"HUM             0.750000   Who?\n", ""})
}

func TestABlankArgumentIsSent(t *testing.T) {
	address := serve(t, func(
		_ context.Context, request *questiontopicv1.PredictTopicRequest,
	) (*questiontopicv1.PredictTopicResponse, error) {
		return nil, status.Errorf(codes.InvalidArgument, "got %q", request.GetTexts())
	})
	execute(address, "", "--output", "jsonl", "--skip-blank", " ", "").check(t,
		result{1, "", `questiontopic: INVALID_ARGUMENT: got [" " ""]` + "\n"})
}

func TestOnErrorSkipAnswersTheOtherTexts(t *testing.T) {
	address := serve(t, refuseBad)
	long := strings.Repeat("é", 60)
	input := "Who?\nbad  one\n\nWho\xff\xe2\x82?\n" + long + strings.Repeat("y", maxLineBytes) + "\nsalary\nbad\nW\x00\n"
	reasons := "" +
		"questiontopic: line 2: must be good, not bad one\n" +
		"questiontopic: line 4: not valid UTF-8\n" +
		"questiontopic: line 5: longer than 16777216 bytes\n" +
		"questiontopic: line 7: must be good, not bad\n" +
		"questiontopic: line 8: " + utf16 + "\n" +
		"questiontopic: 5 of 7 texts have no answer\n"
	for _, size := range []string{"1", "2", "3", "512"} {
		execute(address, input, "--on-error", "skip", "--texts-per-call", size).check(t, result{3, "" +
			"TOPIC         CONFIDENCE  TEXT\n" +
			"HUM             0.750000  Who?\n" +
			"-                      -  bad one\n" +
			"-                      -  \n" +
			"-                      -  Who\ufffd\ufffd?\n" +
			"-                      -  " + long + "…\n" +
			"NUM             0.750000  salary\n" +
			"-                      -  bad\n" +
			"-                      -  W\x00\n", reasons})
	}
	topics := `"coarse":{"topTopic":"%s","confidences":{"HUM":%.6f,"NUM":%.6f}},"truncated":false}` + "\n"
	execute(address, input, "--on-error=skip", "--output=jsonl", "--skip-blank").check(t, result{3, "" +
		`{"text":"Who?",` + fmt.Sprintf(topics, "HUM", .75, .25) +
		`{"text":"bad  one","error":"must be good, not\nbad  one"}` + "\n" +
		`{"text":"Who` + "\ufffd\ufffd" + `?","error":"not valid UTF-8"}` + "\n" +
		`{"text":"` + long + `…","error":"longer than 16777216 bytes"}` + "\n" +
		`{"text":"salary",` + fmt.Sprintf(topics, "NUM", .25, .75) +
		`{"text":"bad","error":"must be good, not\nbad"}` + "\n" +
		`{"text":"W\u0000","error":"` + utf16 + `"}` + "\n", reasons})
}

func TestOnErrorSkipNamesArgumentsByTheirNumber(t *testing.T) {
	address := serve(t, refuseBad)
	execute(address, "", "--on-error", "skip", "Who?", "bad", "salary").check(t, result{3, "" +
		"TOPIC         CONFIDENCE  TEXT\n" +
		"HUM             0.750000  Who?\n" +
		"-                      -  bad\n" +
		"NUM             0.750000  salary\n",
		"questiontopic: text 2: must be good, not bad\nquestiontopic: 1 of 3 texts has no answer\n"})
	execute(address, "\n\n", "--on-error", "skip", "--output", "jsonl").check(t,
		result{0, strings.Repeat(`{"text":"","error":"blank"}`+"\n", 2), ""})
}

// A server may name only the first text that it refuses.
func TestOnErrorSkipCallsAgainUntilNoTextIsRefused(t *testing.T) {
	address := serve(t, func(
		ctx context.Context, request *questiontopicv1.PredictTopicRequest,
	) (*questiontopicv1.PredictTopicResponse, error) {
		for i := range request.GetTexts() {
			one := &questiontopicv1.PredictTopicRequest{Texts: request.GetTexts()[:i+1]}
			if _, err := refuseBad(ctx, one); err != nil {
				return nil, err
			}
		}
		return topictest.Answer(ctx, request)
	})
	got := execute(address, "bad\nWho?\nbad\nbad\nsalary\n", "--on-error", "skip")
	if got.exitCode != 3 || !strings.HasSuffix(got.stderr, "\nquestiontopic: 3 of 5 texts have no answer\n") {
		t.Errorf("got %+v", got)
	}
}

func TestOnErrorSkipStillEndsWithAnyOtherFailure(t *testing.T) {
	for _, c := range []struct {
		field string
		code  codes.Code
		want  string
	}{
		{"texts[0]", codes.NotFound, "NOT_FOUND: texts[0]: must be good (line 2)"},
		{"model", codes.InvalidArgument, "INVALID_ARGUMENT: model: must be good"},
		{"texts[1]", codes.InvalidArgument, "INVALID_ARGUMENT: texts[1]: must be good"},
		{"texts", codes.InvalidArgument, "INVALID_ARGUMENT: texts: must be good"},
	} {
		failed, err := status.New(c.code, "").WithDetails(&errdetails.BadRequest{
			FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: c.field, Description: "must be good"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		address := serve(t, func(
			context.Context, *questiontopicv1.PredictTopicRequest,
		) (*questiontopicv1.PredictTopicResponse, error) {
			return nil, failed.Err()
		})
		execute(address, "\xff\nWho?\n", "--on-error", "skip", "--output", "jsonl", "--texts-per-call", "1").check(t,
			result{1, `{"text":"` + "\ufffd" + `","error":"not valid UTF-8"}` + "\n",
				"questiontopic: line 1: not valid UTF-8\nquestiontopic: " + c.want + "\n"})
	}
}

func TestTheNameOfAFileGetsAHint(t *testing.T) {
	address := serve(t, topictest.Answer)
	folder := t.TempDir()
	file := filepath.Join(folder, "q.txt")
	if err := os.WriteFile(file, []byte("Who?\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	hint := "questiontopic: " + file + " is a file; to classify its lines: questiontopic < " + file + "\n"
	for _, c := range []struct {
		want  string
		texts []string
	}{
		{hint, []string{file}},
		{"", []string{file, "Who?"}},
		{"", []string{folder}},
		{"", []string{file + "x"}},
		{"", []string{os.DevNull}},
	} {
		got := execute(address, "", c.texts...)
		if got.exitCode != 0 || got.stderr != c.want || strings.Count(got.stdout, "\n") != 1+len(c.texts) {
			t.Errorf("%q: got %+v, want %q", c.texts, got, c.want)
		}
	}
}
