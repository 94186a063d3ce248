"""Why a document cannot become a draft, or a draft a plan; each sentence says what the office can do about it."""

from shared.errors import AppError, Text


class PlanImportError(AppError):
    """Base of every refusal of the import."""

    code, status = "plan-import-refused", 422
    title = Text("方案导入失败", "Plan not imported")


class EmptyDocument(PlanImportError):
    code = "document-empty"
    detail = Text("文件里没有文字，请上传方案正文。", "The file holds no text; upload the text of the plan.")


class DocumentTooLarge(PlanImportError):
    code, status = "document-too-large", 413
    detail = Text(
        "文件超过{limit}，请只上传方案正文，去掉图片和无关附件。",
        "The file exceeds {limit}; upload the text of the plan only, without pictures and other annexes.",
    )


class DocumentExpandsTooMuch(PlanImportError):
    code, status = "document-expands-too-much", 413
    detail = Text(
        "压缩文件展开后过大，无法安全打开；请在文字处理软件中另存为新的.docx再上传。",
        "The archive expands beyond what can be opened safely; save it as a new .docx and upload that.",
    )


class FormatNotSupported(PlanImportError):
    code, status = "format-not-supported", 415
    detail = Text(
        "不支持这种文件（{name}）；请上传.txt、.docx或带文字的.pdf，旧的.doc请另存为.docx。",
        "This kind of file ({name}) is not supported; upload .txt, .docx or a .pdf with text, and save a .doc as .docx.",
    )


class DocumentDamaged(PlanImportError):
    code = "document-damaged"
    detail = Text(
        "文件已损坏，无法读取；请在原软件中打开并另存后再上传。",
        "The file is damaged and cannot be read; open it in its own program, save it again and upload that.",
    )


class PdfEncrypted(PlanImportError):
    code = "pdf-encrypted"
    detail = Text(
        "该PDF设有密码；请取消密码保护后再上传。",
        "The PDF is protected by a password; remove the protection and upload it again.",
    )


class PdfWithoutText(PlanImportError):
    code = "pdf-without-text"
    detail = Text(
        "该PDF是扫描图片，没有文字；请上传原来的文字版，或先做文字识别并核对。",
        "The PDF is a scan without text; upload the original, or run text recognition and check the result first.",
    )


class EncodingUnknown(PlanImportError):
    code = "encoding-unknown"
    detail = Text(
        "文本的编码无法识别，或混用了几种编码；请另存为UTF-8再上传。",
        "The text's encoding is unknown or mixed; save it as UTF-8 and upload it again.",
    )


class NotAPlan(PlanImportError):
    code = "not-a-plan"
    detail = Text(
        "没有找到编号的措施或责任单位；请确认上传的是行动方案的正文，表格要带表头。",
        "No numbered measures or responsible units were found; upload the text of a plan, and give tables a header.",
    )


class DraftItemNotFound(PlanImportError):
    code, status = "draft-item-not-found", 404
    detail = Text(
        "草稿里没有“{item}”这一项；请刷新草稿后重试。", "The draft has no item {item}; reload it and try again."
    )


class EditNotAllowed(PlanImportError):
    code = "draft-edit-not-allowed"
    detail = Text("“{item}”这一项的{field}不能这样修改。", "{field} of item {item} cannot be edited like that.")


class NotResolved(PlanImportError):
    code, status = "draft-not-resolved", 409
    detail = Text(
        "还有{count}项未解决（{items}），请先修改、确认或剔除。",
        "{count} items are unresolved ({items}); edit, confirm or reject them first.",
    )


class TargetWithoutDate(PlanImportError):
    code, status = "target-without-date", 409
    detail = Text(
        "有{count}个目标在文中没有期限，方案也没有写明起止时间，见 errors。请在确认时写 ends（方案截止日），或修改目标的 deadline。",
        "{count} target(s) have no date in the text, and the plan has no period, see errors. Give ends, the plan's last day, "
        "when you confirm, or edit the deadline of each target.",
    )


class DocumentTooComplex(PlanImportError):
    code = "document-too-complex"
    detail = Text(
        "无法在{seconds}秒和限定的内存内读完这个文件；请另存为纯文本（.txt）再上传。",
        "The file cannot be read within {seconds} seconds and the memory allowed; save it as plain text and upload that.",
    )


class TooManyItems(PlanImportError):
    code, status = "too-many-items", 413
    detail = Text(
        "从文件中读出{count}项，超过{limit}项；请确认上传的是一个方案的正文，不是汇编。",
        "{count} items were found, more than {limit}; upload the text of one plan, not a collection.",
    )


class UploadWithoutFile(PlanImportError):
    code = "upload-without-file"
    detail = Text(
        "请用表单字段file上传一个文件，或直接发送文件内容并在name参数中写明文件名。",
        "Upload one file in the form field file, or send the file itself and give its name in the parameter name.",
    )


class PlanDraftNotFound(PlanImportError):
    code, status = "plan-draft-not-found", 404
    title = Text("没有这份草稿", "No such draft")
    detail = Text(
        "没有导入草稿{id}，或者您无权查看。请用GET plan-drafts查看清单。",
        "There is no imported draft {id}, or it is not yours to see. GET plan-drafts lists them.",
    )


class NotConfirmed(PlanImportError):
    code, status = "draft-not-confirmed", 409
    title = Text("尚未全部确认", "Not all confirmed")
    detail = Text(
        "还有{count}项没有人确认；请逐项确认，核对后也可以用all一并确认。",
        "{count} items were confirmed by nobody yet; confirm them one by one, or all with `all` once you have checked them.",
    )


class PlanHasAnotherDraft(PlanImportError):
    code, status = "plan-has-another-draft", 409
    title = Text("方案已有草稿", "The plan has a draft")
    detail = Text(
        "方案{plan}已有草稿（版本{etag}）；如要替换，请在replaces中写明这个版本号。",
        "Plan {plan} has a draft already (version {etag}); to replace it, give that number as `replaces`.",
    )


class NothingToCompare(PlanImportError):
    code = "nothing-to-compare"
    detail = Text("请用plan参数指定与哪个方案比较。", "Name the plan to compare with in the parameter plan.")
