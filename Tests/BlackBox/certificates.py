"""A certificate authority for tests, made with the openssl command."""

import pathlib
import ssl
import subprocess


class Authority:
    """Makes certificates under a root of its own; keys are on P-256, which is quick."""

    def __init__(self, directory, name="Test root"):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.certificate, self.key = self.directory / "ca.pem", self.directory / "ca.key"
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                      "-subj", f"/CN={name}", "-keyout", self.key, "-out", self.certificate)
        (self.directory / "index.txt").touch()

    def issue(self, name, common_name, *alternatives):
        """Certificate and key files for `common_name`; `alternatives` as in `DNS:localhost`."""
        certificate, key = self.directory / f"{name}.pem", self.directory / f"{name}.key"
        request, extensions = self.directory / f"{name}.csr", self.directory / f"{name}.ext"
        extensions.write_text(f"subjectAltName={','.join(alternatives)}\n" if alternatives else "")
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                      "-subj", f"/CN={common_name}", "-keyout", key, "-out", request)
        self._openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial",
                      "-days", "2", "-extfile", extensions, "-out", certificate)
        return certificate, key

    def client_context(self, pair=None, maximum=None):
        context = ssl.create_default_context(cafile=self.certificate)
        context.check_hostname = False
        if pair:
            context.load_cert_chain(*pair)
        if maximum:
            context.maximum_version = maximum
        return context

    @staticmethod
    def _openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=30)
