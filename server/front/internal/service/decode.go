package service

import (
	"fmt"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// All texts that a request may hold, its other fields, and some of a newer contract.
const maxRecords = MaxTexts + 64

// decode reads a request. One pass over its records comes first: it names the field that breaks a limit before a large
// message is built to be refused, and the string that is not UTF-8 where protobuf would only say that it cannot parse.
func decode(data []byte, message proto.Message) error {
	descriptor := message.ProtoReflect().Descriptor()
	malformed := &fieldError{"", fmt.Sprintf("the request is no %s message", descriptor.FullName())}
	seen := map[protowire.Number]int{}
	for rest, records := data, 1; len(rest) > 0; records++ {
		if records > maxRecords {
			return &fieldError{"", fmt.Sprintf("the request must have at most %d fields", maxRecords)}
		}
		number, kind, size := protowire.ConsumeTag(rest)
		if size < 0 {
			return malformed
		}
		length := protowire.ConsumeFieldValue(number, kind, rest[size:])
		if length < 0 {
			return malformed
		}
		field := descriptor.Fields().ByNumber(number)
		if field != nil && field.Kind() == protoreflect.StringKind && kind == protowire.BytesType {
			value, _ := protowire.ConsumeBytes(rest[size:])
			if err := checkString(field, seen[number], value); err != nil {
				return err
			}
			seen[number]++
		}
		rest = rest[size+length:]
	}
	if err := proto.Unmarshal(data, message); err != nil {
		return malformed
	}
	return nil
}

func checkString(field protoreflect.FieldDescriptor, index int, value []byte) error {
	path := string(field.Name())
	if field.IsList() {
		path = textField(index)
		if err := checkTextBytes(index, len(value)); err != nil {
			return err
		}
	}
	if !utf8.Valid(value) {
		return &fieldError{path, "must be valid UTF-8"}
	}
	return nil
}
