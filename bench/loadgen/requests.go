package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// request is the message of one call, and the number of questions in it.
type request struct {
	questions uint32
	body      []byte
}

// readRequests reads a file of requests. Each request is the number of questions and the length of the body, both as
// little-endian 32-bit integers, and then the body.
func readRequests(path string) ([]request, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	reader := bufio.NewReader(file)
	var found []request
	for {
		var head [2]uint32
		if err := binary.Read(reader, binary.LittleEndian, &head); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		body := make([]byte, head[1])
		if _, err := io.ReadFull(reader, body); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		found = append(found, request{head[0], body})
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s has no requests", path)
	}
	return found, nil
}
