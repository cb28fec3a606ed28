package admission

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/net/http2/hpack"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// refusal is an error as a caller gets it: a call's trailers, encoded so that they change nothing in the caller's table,
// which is shared with those of gRPC. In a flood most are equal, and to make them costs more than all the rest.
type refusal struct {
	of       error
	overload bool
	block    bytes.Buffer
}

func newRefusal(of error) *refusal {
	made := &refusal{of: of, overload: status.Code(of) == codes.ResourceExhausted}
	encoder := hpack.NewEncoder(&made.block)
	for _, field := range trailers(of) {
		field.Sensitive = true
		_ = encoder.WriteField(field) // Into memory.
	}
	return made
}

// trailers are those of an answer that has nothing else.
func trailers(of error) []hpack.HeaderField {
	found := status.Convert(of)
	fields := []hpack.HeaderField{
		{Name: ":status", Value: "200"},
		{Name: "content-type", Value: "application/grpc"},
		{Name: "grpc-status", Value: strconv.Itoa(int(found.Code()))},
		{Name: "grpc-message", Value: percentEncoded(found.Message())},
	}
	if len(found.Proto().GetDetails()) == 0 {
		return fields
	}
	details, err := proto.Marshal(found.Proto())
	if err != nil {
		return fields
	}
	text := base64.RawStdEncoding.EncodeToString(details)
	return append(fields, hpack.HeaderField{Name: "grpc-status-details-bin", Value: text})
}

// percentEncoded is a status message as gRPC sends it: printable ASCII but for the percent sign as it is.
func percentEncoded(text string) string {
	var made strings.Builder
	for _, each := range []byte(text) {
		if each < ' ' || each > '~' || each == '%' {
			fmt.Fprintf(&made, "%%%02X", each)
		} else {
			made.WriteByte(each)
		}
	}
	return made.String()
}
