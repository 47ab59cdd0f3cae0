{{- define "common.cm" -}}
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}-lib}
{{- end -}}
