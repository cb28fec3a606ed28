// Package textfield has the names of single texts in the errors of a call, such as texts[3].
package textfield

import (
	"strconv"
	"strings"
)

// Name returns texts[index].
func Name(index int) string {
	return "texts[" + strconv.Itoa(index) + "]"
}

// Index returns i if field is texts[i] of a call of count texts.
func Index(field string, count int) (index int, ok bool) {
	index, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(field, "texts["), "]"))
	return index, err == nil && 0 <= index && index < count && Name(index) == field
}
