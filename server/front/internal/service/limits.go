package service

import (
	"context"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// What a request may hold. The numbers are the contract's (topic.proto, message Limits): change both or neither.
const (
	MaxTexts        = 512
	MaxCharacters   = 2_000
	MaxMessageBytes = 16 * 1024 * 1024

	maxTextBytes     = 4 * MaxCharacters // UTF-8 has at most four bytes for a character.
	maxMetadataBytes = 8 * 1024
)

// checkTextBytes accepts a text by its place and its size in bytes alone; checkTexts looks closer.
func checkTextBytes(index, size int) error {
	if index >= MaxTexts {
		return &fieldError{"texts", fmt.Sprintf("must hold at most %d texts: split the call", MaxTexts)}
	}
	if size > maxTextBytes {
		const form = "must have at most %d characters, has %d bytes: shorten it"
		return &fieldError{textField(index), fmt.Sprintf(form, MaxCharacters, size)}
	}
	return nil
}

// checkTexts accepts texts that passed checkTextBytes, or names the first that breaks a limit.
func checkTexts(texts []string) error {
	if len(texts) == 0 {
		return &fieldError{"texts", "must hold at least one text"}
	}
	for index, text := range texts {
		if count := utf8.RuneCountInString(text); count > MaxCharacters {
			const form = "must have at most %d characters, has %d: shorten it"
			return &fieldError{textField(index), fmt.Sprintf(form, MaxCharacters, count)}
		}
		if strings.TrimLeftFunc(text, isSpace) == "" {
			return &fieldError{textField(index), "must have a character that is not white space"}
		}
	}
	return nil
}

// isSpace counts the separators of files, groups, records and units too, as Python does, where the model lives.
func isSpace(r rune) bool {
	return unicode.IsSpace(r) || '\x1c' <= r && r <= '\x1f'
}

func textField(index int) string {
	return fmt.Sprintf("texts[%d]", index)
}

// checkMetadata refuses a call with more metadata than the contract allows.
func checkMetadata(ctx context.Context) error {
	size := 0
	received, _ := metadata.FromIncomingContext(ctx)
	for key, values := range received {
		for _, value := range values {
			size += len(key) + len(value)
		}
	}
	if size > maxMetadataBytes {
		const form = "the call's metadata must have at most %d bytes, has %d"
		return status.Errorf(codes.ResourceExhausted, form, maxMetadataBytes, size)
	}
	return nil
}
