package main

import (
	"path"
	"strings"
)

// renderDirectory gives the objects of every YAML and JSON file in and below a folder, in the order of the paths. Files that hold no
// manifest are passed over with a warning; a broken file does not keep the others back.
func renderDirectory(asked *request, files *tree, result *response) {
	if files.kind(asked.Path) == kindFile {
		renderFile(asked.Path, files, result)
	} else if !walk(asked.Path, files, result) {
		result.Errors = append(result.Errors, fail("source-missing", asked.Path, "no such folder: %s", asked.Path))
	}
	reportDuplicates(result)
}

func walk(folder string, files *tree, result *response) bool {
	entries, err := files.list(folder)
	if err != nil {
		return false
	}
	for _, one := range entries {
		name := path.Join(folder, one.name)
		switch {
		case one.kind == kindDirectory && !strings.HasPrefix(one.name, "."):
			walk(name, files, result)
		case one.kind == kindFile && isManifestName(one.name):
			renderFile(name, files, result)
		case one.kind == kindUnreachable && isManifestName(one.name):
			result.Errors = append(result.Errors, fail("outside-root", name, "the link %s leads out of the repository or nowhere", name))
		}
	}
	return true
}

func isManifestName(name string) bool {
	switch name {
	case "kustomization.yaml", "kustomization.yml", "Kustomization", "Chart.yaml":
		return false
	}
	switch path.Ext(name) {
	case ".yaml", ".yml", ".json":
		return !strings.HasPrefix(name, ".")
	}
	return false
}

func renderFile(name string, files *tree, result *response) {
	content, err := files.read(name)
	if err != nil {
		return
	}
	for _, one := range parseDocuments(name, content) {
		if one.Error != nil {
			result.Errors = append(result.Errors, one.Error)
		}
		if one.Value == nil || string(one.Value) == "null" {
			continue
		}
		index, line := one.Index, one.StartLine
		for _, object := range flatten(one.Value) {
			if _, err := readHead(object); err != nil {
				found := fail("not-a-manifest", name, "%s", err.Error())
				found.Line = line + 1
				found.Warning = true
				result.Errors = append(result.Errors, found)
				continue
			}
			result.Objects = append(result.Objects, rendered{Object: object, File: name, Document: &index, Line: &line})
		}
	}
}
