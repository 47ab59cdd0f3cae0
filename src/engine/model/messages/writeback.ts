/** English words of the error codes of the room `engine/writeback`. */
export const writebackMessages: Readonly<Record<string, string>> = {
  'edit-not-yaml': 'The file that sets this field is not valid YAML by itself, so Plumbline does not edit it. Edit it by hand.',
  'edit-encrypted': 'The file that sets this field is encrypted by SOPS. Edit it with sops.',
  'edit-duplicate-key': 'The file that sets this field has the key {key} twice, so no edit is certain. Remove one first.',
  'edit-too-large': 'The file that sets this field is too large to be edited safely. Edit it by hand.',
  'edit-not-exact': 'The value cannot be written there without changing anything else. Edit the file by hand.',
  'adopt-not-scalar': 'Only single values can be taken over, not lists or mappings.',
  'adopt-composed':
    'The field is put together from several pieces, and the live value changes more than one of them. Edit the file by hand.',
  'adopt-secret': 'Values of Secrets are never written into files.',
  'adopt-only-live': 'Only the cluster has this field; there is no line in Git that sets it.',
  'adopt-controller-owned': 'A controller sets this field through the scale subresource. Remove it from Git, or ignore it.',
  'adopt-not-proved': 'No line of an input could be proved to set this field.',
  'adopt-in-template': 'The template {file} sets this field itself. Edit the template by hand.',
  'adopt-no-effect': 'With the edit the field would not have the live value. Edit {file} by hand.',
  'adopt-breaks-render': 'With the edit {application} could not be rendered any more.',
};
