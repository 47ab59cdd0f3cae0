package main

import (
	"errors"
	"path"
	"regexp"
	"strconv"
	"strings"
)

var (
	templatePlace  = regexp.MustCompile(`([\w.@+/-]+\.[\w]+):(\d+)(?::(\d+))?`)
	schemaHeadline = "values don't meet the specifications of the schema(s)"
)

// explainHelm turns an error of Helm's engine into a failure with the place of the innermost template that it names.
func explainHelm(err error, folder string, sources map[string]string) *failure {
	var found *failure
	if errors.As(err, &found) {
		return found
	}
	message := err.Error()
	if strings.Contains(message, schemaHeadline) {
		_, problems, _ := strings.Cut(message, "\n")
		return &failure{
			Code: "values-schema", File: path.Join(folder, "values.schema.json"), Message: shorten(message),
			Details: map[string]any{"problems": shorten(strings.TrimSpace(problems))},
		}
	}
	found = &failure{Code: "template-failed", File: path.Join(folder, "Chart.yaml"), Message: shorten(message)}
	for _, match := range templatePlace.FindAllStringSubmatch(message, -1) {
		file, known := sources[match[1]]
		if !known {
			continue
		}
		if found.Template == "" {
			found.Template = match[1] // the outermost: the one that was being rendered
		}
		found.File = file
		found.Line, _ = strconv.Atoi(match[2])
		found.Column, _ = strconv.Atoi(match[3])
	}
	found.Details = map[string]any{"problem": lastLine(message)}
	return found
}

// lastLine is what failed in the end, without the chain of templates that led there.
func lastLine(message string) string {
	lines := strings.Split(strings.TrimSpace(message), "\n")
	last := strings.TrimSpace(lines[len(lines)-1])
	if at := strings.LastIndex(last, "error calling include: "); at >= 0 {
		last = last[at+len("error calling include: "):]
	}
	if at := strings.Index(last, "): "); at >= 0 && strings.HasPrefix(last, "execution error at (") {
		return last[at+3:]
	}
	return last
}

const longestMessage = 4000

// shorten keeps the two ends of a message.
func shorten(message string) string {
	if len(message) <= longestMessage {
		return message
	}
	half := longestMessage / 2
	return strings.ToValidUTF8(message[:half], "") + " ... " + strings.ToValidUTF8(message[len(message)-half:], "")
}
