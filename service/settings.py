"""Settings: environment variables `FIELDNOTE_*`, safe by default, refused where they are not safe to run with."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from extractor.errors import FieldNoteError


class SettingsError(FieldNoteError):
    """A setting that cannot be used; says which variable and what to set."""

    code = "settings.invalid"


class Settings(BaseSettings):
    """Everything the service can be told."""

    model_config = SettingsConfigDict(env_prefix="FIELDNOTE_", env_ignore_empty=True, extra="ignore", frozen=True)
    env: Literal["development", "production"] = "development"
    database_url: str = "sqlite:///fieldnote.db"
    contract: Path | None = None
    model: Path | None = None
    registry: Path = Path("artifacts/models")
    retrain: Path = Path(__file__).parents[1] / "models/configs/retrain.yaml"
    release_seconds: float = Field(default=1.0, gt=0, le=3600)
    log_level: Literal["debug", "info", "warning", "error"] = "warning"
    secret: SecretStr = SecretStr("")
    webhook_allow_private: bool = False
    worker: bool = True
    wecom_token: SecretStr = SecretStr("")
    wecom_aes_key: SecretStr = SecretStr("")
    wecom_corp_id: str = ""
    wecom_tenant: str = ""
    wecom_api: str = "https://qyapi.weixin.qq.com"
    wecom_secret: SecretStr = SecretStr("")
    wecom_agent_id: int | None = None
    wecom_cards: bool = False
    public_url: str = "http://127.0.0.1:8000"
    max_waiting: int = Field(default=64, ge=1)
    threads: int = Field(default=8, ge=1)
    key_seconds: float = Field(default=1.0, ge=0, le=60)

    def signing_key(self) -> bytes:
        """The key of watermarks and signed links; a known one in development."""
        return self.secret.get_secret_value().encode() or b"fieldnote development key, not secret"

    def checked(self) -> Settings:
        """The settings, if they are safe to run with. Raises SettingsError."""
        if self.env == "production":
            if len(self.secret.get_secret_value()) < 32:
                raise SettingsError("FIELDNOTE_SECRET 在生产环境里至少要 32 个字符；生成一个：openssl rand -hex 32")
            if self.webhook_allow_private:
                raise SettingsError("FIELDNOTE_WEBHOOK_ALLOW_PRIVATE 只用于开发；生产环境请去掉")
        key = self.wecom_aes_key.get_secret_value()
        if key and len(key) != 43:
            raise SettingsError("FIELDNOTE_WECOM_AES_KEY 要正好 43 个字符（企业微信后台里的 EncodingAESKey）")
        if key and not (self.wecom_token.get_secret_value() and self.wecom_corp_id and self.wecom_tenant):
            raise SettingsError("企业微信还要 FIELDNOTE_WECOM_TOKEN、FIELDNOTE_WECOM_CORP_ID、FIELDNOTE_WECOM_TENANT")
        if self.wecom_cards and not (self.wecom_secret.get_secret_value() and self.wecom_agent_id):
            raise SettingsError("FIELDNOTE_WECOM_CARDS 还要 FIELDNOTE_WECOM_SECRET 与 FIELDNOTE_WECOM_AGENT_ID")
        return self


def load_settings(**given: object) -> Settings:
    """Settings from the environment; `given` (flags) come first. Raises SettingsError."""
    try:
        return Settings(**{k: v for k, v in given.items() if v is not None}).checked()  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = "FIELDNOTE_" + "_".join(map(str, first["loc"])).upper()
        raise SettingsError(f"{name}：{first['msg']}") from None
