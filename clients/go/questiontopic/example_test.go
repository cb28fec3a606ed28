package questiontopic_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"log"
	"os"
	"strings"
	"sync"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"

	"github.com/question-topic/question-topic/clients/go/questiontopic"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

func Example() {
	client, err := questiontopic.New(os.Getenv("QUESTIONTOPIC_ADDRESS"), questiontopic.Plaintext())
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	predictions, err := client.Predict(context.Background(), questiontopicv1.LabelLevel_LABEL_LEVEL_BOTH,
		"What is your salary?", "Who wrote Ulysses?")
	if err != nil {
		log.Fatal(err)
	}
	for _, prediction := range predictions {
		topic := prediction.GetCoarse().GetTopTopic()
		fmt.Println(topic, prediction.GetFine().GetTopTopic(), prediction.GetCoarse().GetConfidences()[topic])
	}
	// Output:
	// NUM NUM:money 0.75
	// HUM HUM:ind 0.75
}

func ExampleClient_PredictMany() {
	client, err := questiontopic.New(os.Getenv("QUESTIONTOPIC_ADDRESS"), questiontopic.Plaintext())
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	lines := bufio.NewScanner(strings.NewReader("What is your salary?\nWho wrote Ulysses?\n"))
	texts := func(yield func(string) bool) {
		for lines.Scan() && yield(lines.Text()) {
		}
	}
	for answer, err := range client.PredictMany(context.Background(), questiontopicv1.LabelLevel_LABEL_LEVEL_COARSE, texts,
		questiontopic.SkipRefused()) {
		if err != nil {
			log.Printf("text %d: %v", answer.Number, err)
			continue
		}
		fmt.Println(answer.Text, answer.Prediction.GetCoarse().GetTopTopic())
	}
	// Output:
	// What is your salary? NUM
	// Who wrote Ulysses? HUM
}

func ExampleTLS() {
	certificate, err := tls.LoadX509KeyPair("client.pem", "client.key")
	if err != nil {
		log.Fatal(err)
	}
	// questiontopic.TLS(nil) trusts the system's roots and has no client certificate.
	mutual := &tls.Config{Certificates: []tls.Certificate{certificate}}
	client, err := questiontopic.New("topics.example.com:443", questiontopic.TLS(mutual))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
}

func ExampleWithTimeout() {
	client, err := questiontopic.New("localhost:50051", questiontopic.Plaintext(),
		questiontopic.WithTimeout(2*time.Second))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	// Output:
}

func ExampleClient_PredictTopic() {
	client, err := questiontopic.New(os.Getenv("QUESTIONTOPIC_ADDRESS"), questiontopic.Plaintext())
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	response, err := client.PredictTopic(context.Background(), &questiontopicv1.PredictTopicRequest{
		Texts:      []string{"What is your salary?"},
		LabelLevel: questiontopicv1.LabelLevel_LABEL_LEVEL_FINE,
		Model:      "test", // A server with another bundle answers NOT_FOUND.
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(response.GetModel().GetName(), response.GetPredictions()[0].GetFine().GetTopTopic())
	// Output: test NUM:money
}

func ExampleWithMerging() {
	client, err := questiontopic.New(os.Getenv("QUESTIONTOPIC_ADDRESS"), questiontopic.Plaintext(),
		questiontopic.WithMerging(questiontopic.Merging{}))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	var users sync.WaitGroup
	for range 100 { // Each asks one question, as the users of a web page do.
		users.Go(func() {
			if _, err := client.Predict(context.Background(), 0, "What is your salary?"); err != nil {
				log.Print(err)
			}
		})
	}
	users.Wait()
	stats := client.MergingStats()
	fmt.Println(stats.Texts, stats.Calls < 100)
	// Output: 100 true
}

func ExampleFieldViolations() {
	err := refused(codes.InvalidArgument, &errdetails.BadRequest{
		FieldViolations: []*errdetails.BadRequest_FieldViolation{
			{Field: "texts[3]", Description: "must have at most 2000 characters"},
		},
	})
	for _, violation := range questiontopic.FieldViolations(err) {
		fmt.Println(violation.GetField(), violation.GetDescription())
	}
	// Output: texts[3] must have at most 2000 characters
}

func ExampleReason() {
	err := refused(codes.NotFound, &errdetails.ErrorInfo{Domain: "questiontopic", Reason: "MODEL_NOT_FOUND"})
	if questiontopic.Reason(err) == "MODEL_NOT_FOUND" {
		fmt.Println("this server has another model")
	}
	// Output: this server has another model
}

// refused returns the error of a call that a server refused with a detail.
func refused(code codes.Code, detail protoadapt.MessageV1) error {
	answer, err := status.New(code, "").WithDetails(detail)
	if err != nil {
		log.Fatal(err)
	}
	return answer.Err()
}
