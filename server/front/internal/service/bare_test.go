package service_test

import (
	"bytes"
	"net"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	topic "github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// bareCaller calls without a gRPC client, for what such a client does not send or show: frames.
type bareCaller struct {
	*http2.Framer // Writes what send sends.

	t          *testing.T
	connection net.Conn
	sent       bytes.Buffer
	block      bytes.Buffer
	encoder    *hpack.Encoder
}

func (f *front) dialBare(t *testing.T) *bareCaller {
	t.Helper()
	connection, err := net.Dial("tcp", f.connection.Target())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	_ = connection.SetDeadline(time.Now().Add(30 * time.Second))
	c := &bareCaller{t: t, connection: connection}
	c.encoder = hpack.NewEncoder(&c.block)
	c.sent.WriteString(http2.ClientPreface)
	c.Framer = http2.NewFramer(&c.sent, connection)
	c.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	_ = c.WriteSettings()
	return c
}

// call writes the headers of a call of PredictTopic.
func (c *bareCaller) call(stream uint32, timeout string, ended bool) {
	c.block.Reset()
	for _, field := range []hpack.HeaderField{
		{Name: ":method", Value: "POST"}, {Name: ":scheme", Value: "http"}, {Name: ":authority", Value: "here"},
		{Name: ":path", Value: topic.TopicService_PredictTopic_FullMethodName}, {Name: "te", Value: "trailers"},
		{Name: "content-type", Value: "application/grpc"}, {Name: "grpc-timeout", Value: timeout},
	} {
		_ = c.encoder.WriteField(field)
	}
	_ = c.WriteHeaders(http2.HeadersFrameParam{
		StreamID: stream, BlockFragment: c.block.Bytes(), EndHeaders: true, EndStream: ended,
	})
}

func (c *bareCaller) send() {
	c.t.Helper()
	if _, err := c.connection.Write(c.sent.Bytes()); err != nil {
		c.t.Fatal(err)
	}
	c.sent.Reset()
}
