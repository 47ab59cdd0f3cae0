package main

import (
	"path"
	"regexp"
	"strings"

	"sigs.k8s.io/yaml"
)

var (
	cycleError     = regexp.MustCompile(`cycle detected: candidate root '([^']+)' contains visited root '([^']+)'`)
	outsideError   = regexp.MustCompile(`security; file '([^']+)' is not in or below '([^']+)'`)
	noKustomize    = regexp.MustCompile(`unable to find one of .* in directory '([^']+)'`)
	manyKustomize  = regexp.MustCompile(`Found multiple kustomization files under: (\S+)`)
	absentError    = regexp.MustCompile(`(?:lstat|open|stat) (/[^\s:']*): file does not exist`)
	duplicateError = regexp.MustCompile(`may not add resource with an already registered id: ([^\s;]+)`)
	workingOn      = regexp.MustCompile(`(?:recursed accumulation of path|couldn't make target for path) '([^']+)'`)
	mountPaths     = regexp.MustCompile(`/tree(?:/([^\s':;,"]*))?`)
)

// explain turns an error of Kustomize into a failure that names the file and, where it can be told, the line.
func (b *build) explain(err error) *failure {
	message := err.Error()
	found := b.classify(message)
	found.Message = mountPaths.ReplaceAllStringFunc(shorten(message), func(match string) string {
		if name := strings.TrimPrefix(strings.TrimPrefix(match, treeMount), "/"); name != "" {
			return name
		}
		return "."
	})
	return found
}

func (b *build) classify(message string) *failure {
	if match := cycleError.FindStringSubmatch(message); match != nil {
		found := b.atReference("kustomization-cycle", match[1], match[2], message)
		found.Details = map[string]any{"folder": b.nameOf(match[1]), "from": b.nameOf(match[2])}
		return found
	}
	if match := outsideError.FindStringSubmatch(message); match != nil {
		found := b.atReference("outside-root", match[1], match[2], message)
		found.Details = map[string]any{"path": b.nameOf(match[1]), "root": b.nameOf(match[2])}
		return found
	}
	// a broken file is what the user has to repair, whatever else Kustomize tried with it afterwards
	if found := b.brokenFile(message); found != nil {
		return found
	}
	if match := duplicateError.FindStringSubmatch(message); match != nil {
		return b.duplicate(match[1], message)
	}
	if match := noKustomize.FindStringSubmatch(message); match != nil {
		if match[1] == b.root {
			return &failure{Code: "kustomization-missing", File: b.nameOf(b.root)}
		}
		found := b.atReference("kustomization-missing", match[1], "", message)
		found.Details = map[string]any{"folder": b.nameOf(match[1])}
		return found
	}
	if match := manyKustomize.FindStringSubmatch(message); match != nil {
		return &failure{Code: "kustomization-invalid", File: b.nameOf(match[1])}
	}
	if match := absentError.FindAllStringSubmatch(message, -1); match != nil {
		missing := match[len(match)-1][1]
		if missing == b.root {
			return &failure{Code: "source-missing", File: b.nameOf(b.root)}
		}
		found := b.atReference("resource-missing", missing, "", message)
		found.Details = map[string]any{"path": b.nameOf(missing)}
		return found
	}
	code := "kustomize-failed"
	if strings.Contains(message, "invalid Kustomization") || strings.Contains(message, "Failed to read kustomization") {
		code = "kustomization-invalid"
	}
	return &failure{Code: code, File: b.failing(message)}
}

// failing is the kustomization that Kustomize was working on: the innermost that it names, or else the target's.
func (b *build) failing(message string) string {
	folder := b.root
	if match := workingOn.FindAllStringSubmatch(message, -1); match != nil {
		folder = match[len(match)-1][1]
	}
	for _, absolute := range b.order {
		if path.Dir(absolute) == folder {
			return b.nameOf(absolute)
		}
	}
	return b.nameOf(folder)
}

// brokenFile finds the first file read that is no YAML, if Kustomize complains of YAML.
func (b *build) brokenFile(message string) *failure {
	if !strings.Contains(message, "yaml") && !strings.Contains(message, "YAML") && !strings.Contains(message, "json") {
		return nil
	}
	for _, name := range b.files.order {
		switch path.Ext(name) {
		case ".yaml", ".yml", ".json", "":
		default:
			continue
		}
		if path.Ext(name) == "" && !isKustomization(name) || !strings.Contains(message, path.Base(name)) && !isKustomization(name) {
			continue
		}
		content, _ := b.files.read(name)
		for _, one := range parseDocuments(name, content) {
			if one.Error != nil && (one.Error.Code == "yaml-invalid" || strings.Contains(message, "already ")) {
				return &failure{Code: one.Error.Code, File: name, Line: one.Error.Line, Details: map[string]any{"problem": one.Error.Message}}
			}
		}
	}
	return nil
}

// duplicate names the files that declare an object whose id Kustomize has seen twice.
func (b *build) duplicate(id, message string) *failure {
	kind, rest, _ := strings.Cut(id, ".")
	_, name, _ := strings.Cut(rest, "/")
	name, _, _ = strings.Cut(name, ".[")
	name, _, _ = strings.Cut(name, ".")
	type place struct {
		file string
		line int
	}
	places := []place{}
	for _, file := range b.files.order {
		if isKustomization(file) {
			continue
		}
		content, _ := b.files.read(file)
		for _, one := range parseDocuments(file, content) {
			if one.Value == nil {
				continue
			}
			for _, object := range flatten(one.Value) {
				identity, err := readHead(object)
				if err == nil && identity.Metadata.Name == name && strings.HasPrefix(kind, identity.Kind) {
					places = append(places, place{file, one.StartLine + 1})
				}
			}
		}
	}
	found := &failure{Code: "duplicate-object", File: b.failing(message), Details: map[string]any{"kind": kind, "name": name}}
	if len(places) > 0 {
		last := places[len(places)-1]
		found.File, found.Line = last.file, last.line
		found.Details["otherFile"], found.Details["otherLine"] = places[0].file, places[0].line
	}
	return found
}

// atReference finds the kustomization, read last, that refers to an absolute path; `from` narrows to the one in that folder.
func (b *build) atReference(code, target, from, message string) *failure {
	for index := len(b.order) - 1; index >= 0; index-- {
		absolute := b.order[index]
		if from != "" && path.Dir(absolute) != from {
			continue
		}
		content := b.kustomizations[absolute]
		var parsed any
		if yaml.Unmarshal(content, &parsed) != nil {
			continue
		}
		if text, refers := referenceTo(parsed, path.Dir(absolute), target); refers {
			line, _ := lineOf(content, text)
			return &failure{Code: code, File: b.nameOf(absolute), Line: line}
		}
	}
	if from != "" {
		return b.atReference(code, target, "", message)
	}
	return &failure{Code: code, File: b.failing(message)}
}

func referenceTo(value any, folder, target string) (string, bool) {
	switch typed := value.(type) {
	case string:
		text := typed
		if _, after, isKeyed := strings.Cut(typed, "="); isKeyed {
			text = after
		}
		return text, text != "" && !strings.Contains(text, "\n") && path.Join(folder, text) == target
	case []any:
		for _, one := range typed {
			if text, found := referenceTo(one, folder, target); found {
				return text, true
			}
		}
	case map[string]any:
		for _, one := range typed {
			if text, found := referenceTo(one, folder, target); found {
				return text, true
			}
		}
	}
	return "", false
}
